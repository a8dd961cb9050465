// Each send is a trace of its own, linked to the command that opened the run; a test send continues the command's trace.
import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { type DispatchJob, headers } from '@peyk/contracts'

const tracer = () => trace.getTracer('@peyk/sender')

export const withSendSpan = <T>(job: DispatchJob, work: (span: Span) => Promise<T>): Promise<T> => {
  const { commandTraceparent } = job
  const carrier = commandTraceparent === undefined ? {} : { [headers.traceparent]: commandTraceparent }
  const command = propagation.extract(ROOT_CONTEXT, carrier)
  const link = trace.getSpanContext(command)
  const isTest = job.testId !== undefined
  const parent = isTest ? command : ROOT_CONTEXT
  const attributes: Attributes = {
    'peyk.campaign_id': job.campaignId,
    'peyk.message_id': job.messageId,
    'peyk.correlation_id': job.correlationId,
  }
  const links = isTest || link === undefined ? [] : [{ context: link }]
  const span = tracer().startSpan('send', { kind: SpanKind.CONSUMER, attributes, links }, parent)
  return context.with(trace.setSpan(parent, span), async () => {
    try {
      return await work(span)
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' })
      throw error
    } finally {
      span.end()
    }
  })
}
