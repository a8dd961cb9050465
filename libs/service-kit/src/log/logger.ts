// Logs are events: a fixed name and fields, one JSON object a line, with the trace that they belong to.
import { trace } from '@opentelemetry/api'
import { type DestinationStream, pino, stdTimeFunctions } from 'pino'

import type { logLevels } from '../config/settings.ts'
import { redact, redactText } from './redact.ts'

export type LogLevel = (typeof logLevels)[number]

/** `log.info({ campaignId }, 'campaign_started')`: fields first, then the event's name. Everything is redacted. */
export interface Log {
  debug(fields: object, event: string): void
  info(fields: object, event: string): void
  warn(fields: object, event: string): void
  error(fields: object, event: string): void
  /** A log that adds these fields to every line. */
  child(fields: Record<string, unknown>): Log
}

export interface LoggerOptions {
  readonly name: string
  readonly level: LogLevel
  /** Standard output, if absent. */
  readonly destination?: DestinationStream
}

/** The trace that is active now, as fields of a line. */
function activeTrace(): object {
  const span = trace.getActiveSpan()?.spanContext()
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId }
}

const redactFields = (fields: unknown): Record<string, unknown> => {
  const safe = redact(fields instanceof Error ? { error: fields } : fields)
  return typeof safe === 'object' && safe !== null ? { ...safe } : {}
}

/** Makes the log of a process. */
export function createLogger(options: LoggerOptions): Log {
  return pino(
    {
      level: options.level,
      base: { service: options.name },
      messageKey: 'event',
      errorKey: 'error',
      timestamp: stdTimeFunctions.isoTime,
      // pino's own error serializer would run after the redaction and see no error any more
      serializers: { error: (value: unknown) => value, err: (value: unknown) => value },
      formatters: {
        level: (label) => ({ level: label }),
        bindings: redactFields,
      },
      hooks: {
        logMethod(parameters, method) {
          const [fields, event] = parameters
          method.apply(this, [redactFields(fields), redactText(String(event))])
        },
      },
      mixin: activeTrace,
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  )
}
