// Logs are events: a fixed name and fields, one JSON object a line, with the trace that they belong to.

import { trace } from '@opentelemetry/api'
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'

import type { logLevels } from '../config/settings.ts'
import { isError } from './is-error.ts'
import { redact, redactText } from './redact.ts'

export type LogLevel = (typeof logLevels)[number]

/** `log.info({ campaignId }, 'campaign_started')`: fields first, then the event's name. Everything is redacted. */
export interface Log {
  readonly debug: (fields: object, event: string) => void
  readonly info: (fields: object, event: string) => void
  readonly warn: (fields: object, event: string) => void
  readonly error: (fields: object, event: string) => void
  /** A log that adds these fields to every line. */
  readonly child: (fields: Record<string, unknown>) => Log
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
  const safe = redact(isError(fields) ? { error: fields } : fields)
  return typeof safe === 'object' && safe !== null ? { ...safe } : {}
}

/** Makes the log of a process. */
export function createLogger(options: LoggerOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: { service: options.name },
      timestamp: stdTimeFunctions.isoTime,
      // Errors are written by the redaction; pino's own serializer would look for an Error that is no more.
      serializers: { err: (value: unknown) => value },
      formatters: { level: (label) => ({ level: label }) },
      mixin: activeTrace,
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  )
  return redacting(logger)
}

/** Everything passes the redaction on its way to pino, the fields of children too (pino has no hook for those). */
function redacting(logger: Logger): Log {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, event: string) => {
    if (logger.isLevelEnabled(level)) logger[level](redactFields(fields), redactText(event))
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => redacting(logger.child(redactFields(fields))),
  }
}
