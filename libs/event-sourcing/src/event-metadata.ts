import { context, propagation } from '@opentelemetry/api'

/** What every event carries beside its data. */
export interface EventMetadata {
  /** The command that led to it; the same command twice is one event. */
  readonly commandId: string
  readonly correlationId: string
  readonly causationId: string
  readonly traceparent?: string | undefined
  readonly tenant: string
  /** Absent when the system acted by itself. */
  readonly userId?: string | undefined
  /** Our own clock: ISO 8601 with milliseconds. */
  readonly occurredAt: string
}

/** The W3C `traceparent` of the span that is active now, to be put into metadata and headers. */
export const currentTraceparent = (): string | undefined => {
  const carrier: Record<string, string> = {}
  propagation.inject(context.active(), carrier)
  return carrier['traceparent']
}
