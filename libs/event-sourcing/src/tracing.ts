// Spans around what the event store is asked. Their names have no ids in them: stream names stay out.
import { SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api'

const tracer = trace.getTracer('@peyk/event-sourcing')

/** `campaign` of `campaign-12`: the kind of a stream, of which there are few. */
const categoryOf = (streamName: string): string => streamName.split('-', 1)[0] ?? streamName

export const startSpan = (operation: string, streamName?: string): Span =>
  tracer.startSpan(`eventstore ${operation}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      'db.system.name': 'eventstoredb',
      'db.operation.name': operation,
      ...(streamName === undefined ? {} : { 'db.collection.name': categoryOf(streamName) }),
    },
  })

/** Ends the span as failed; only the kind of error is told, a text might hold personal data. */
export const failSpan = (span: Span, error: unknown): void => {
  const kind = error instanceof Error ? error.name : typeof error
  span.setAttribute('error.type', kind)
  span.setStatus({ code: SpanStatusCode.ERROR, message: kind })
}

export const inSpan = async <T>(
  operation: string,
  streamName: string | undefined,
  work: () => Promise<T>,
): Promise<T> => {
  const span = startSpan(operation, streamName)
  try {
    return await work()
  } catch (error) {
    failSpan(span, error)
    throw error
  } finally {
    span.end()
  }
}
