// A10 for traces: what a span says is redacted before it is handed to the exporter.
import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'

import { redactText } from '../log/redact.ts'

/** Queries hold tokens and searched-for numbers. */
const queryAttributes = ['url.query']
const addressAttributes = ['url.full', 'http.url', 'http.target']

/** Stands before the exporting processor: each span is cleaned when it ends. */
export class RedactingSpanProcessor implements SpanProcessor {
  onStart(): void {
    // only the end matters
  }

  onEnd(span: ReadableSpan): void {
    redactAttributes(span.attributes)
    for (const event of span.events) redactAttributes(event.attributes ?? {})
    if (span.status.message !== undefined) span.status.message = redactText(span.status.message)
  }

  async forceFlush(): Promise<void> {
    // holds nothing
  }

  async shutdown(): Promise<void> {
    // holds nothing
  }
}

function redactAttributes(attributes: Attributes): void {
  for (const name of queryAttributes) if (name in attributes) attributes[name] = '[hidden]'
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value !== 'string') continue
    attributes[name] = redactText(addressAttributes.includes(name) ? value.replace(/\?.*$/s, '') : value)
  }
}
