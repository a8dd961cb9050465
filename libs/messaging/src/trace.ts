// Trace context in message headers, and spans by the semantic conventions for messaging.
import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'

import type { Headers } from './message.ts'

const tracer = () => trace.getTracer('@peyk/messaging')

/** The headers with the active trace (or the given one) in them. */
export function injectTrace(headers: Headers, from: Context = context.active()): Headers {
  const carrier: Record<string, string> = { ...headers }
  propagation.inject(from, carrier)
  return carrier
}

/** The trace that the headers carry; the root context if they carry none. */
export const extractTrace = (headers: Headers): Context => propagation.extract(ROOT_CONTEXT, headers)

export interface MessageSpan {
  /** A word of few values: a stream's name, never a subject with ids. */
  readonly destination: string
  readonly operation: 'send' | 'receive' | 'process'
  readonly headers: Headers
  /** The work was done before, or is far from its cause: the sender's span is linked, not the parent. */
  readonly linked?: boolean
  readonly attributes?: Attributes
}

/** Runs the work in a span that continues (or is linked to) the trace in the headers. */
export async function withMessageSpan<T>(options: MessageSpan, work: (span: Span) => Promise<T>): Promise<T> {
  const sender = extractTrace(options.headers)
  const link = trace.getSpanContext(sender)
  const parent = options.linked === true ? ROOT_CONTEXT : sender
  const span = tracer().startSpan(
    `${options.operation} ${options.destination}`,
    {
      kind: options.operation === 'send' ? SpanKind.PRODUCER : SpanKind.CONSUMER,
      attributes: {
        'messaging.system': 'nats',
        'messaging.destination.name': options.destination,
        'messaging.operation.type': options.operation,
        'messaging.operation.name': options.operation,
        ...options.attributes,
      },
      ...(options.linked === true && link ? { links: [{ context: link }] } : {}),
    },
    parent,
  )
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span))
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
    throw error
  } finally {
    span.end()
  }
}
