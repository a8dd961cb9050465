import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

import { consume } from './consumer/consume.ts'
import { createPublisher } from './publish/publisher.ts'
import { request, respond } from './request-reply.ts'
import { lastMessageOf } from './streams/read-stream.ts'
import { eventually, makeStream, startNats } from './test-support.ts'

const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))

const server = await startNats()
afterAll(() => server.stop())
beforeEach(() => exporter.reset())

const spans = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name)

describe('traces', () => {
  test('one trace from the work that publishes, through the message, to the handler; a redelivery is linked', async () => {
    const stream = await makeStream(server.nats)
    await trace.getTracer('test').startActiveSpan('command', async (span) => {
      await createPublisher(server.nats).publish(`${stream}.tenant.7`, {})
      span.end()
    })
    const end = new AbortController()
    const done = consume(server.nats, {
      stream,
      durable: 'w',
      maxAckPending: 1,
      ackWaitMs: 5_000,
      backoffMs: [10],
      signal: end.signal,
      handler: ({ redelivered }) => Promise.resolve(redelivered ? 'ack' : 'nak'),
    })
    await eventually(() => spans(`process ${stream}`).length === 2, 'two deliveries')
    end.abort()
    await done
    const [command] = spans('command')
    const [send] = spans(`send ${stream}`)
    const [first, second] = spans(`process ${stream}`)
    const traceId = command!.spanContext().traceId
    expect(send).toMatchObject({
      kind: SpanKind.PRODUCER,
      parentSpanContext: { spanId: command!.spanContext().spanId },
    })
    expect(first).toMatchObject({
      kind: SpanKind.CONSUMER,
      parentSpanContext: { spanId: send!.spanContext().spanId },
    })
    expect(first!.spanContext().traceId).toBe(traceId)
    expect(second!.parentSpanContext).toBeUndefined()
    expect(second!.links).toMatchObject([{ context: { traceId } }])
    const known = { 'messaging.system': 'nats', 'messaging.destination.name': stream }
    for (const span of [send, first, second]) expect(span!.attributes).toMatchObject(known)
  })

  test("a message with a trace of its own keeps that, not the publisher's", async () => {
    const stream = await makeStream(server.nats)
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    const publisher = createPublisher(server.nats)
    await trace.getTracer('test').startActiveSpan('relay', async (span) => {
      await publisher.publish(`${stream}.one`, {}, { headers })
      await publisher.publishAll([{ subject: `${stream}.bulk`, payload: {}, headers }])
      span.end()
    })
    for (const key of ['one', 'bulk']) {
      const message = await lastMessageOf(server.nats, stream, `${stream}.${key}`)
      expect(message?.headers['traceparent']).toContain(traceId)
    }
  })

  test('what nobody asked for starts no trace', async () => {
    const stream = await makeStream(server.nats)
    await createPublisher(server.nats).publish(`${stream}.alone`, {})
    const message = await lastMessageOf(server.nats, stream, `${stream}.alone`)
    expect(message?.headers).not.toHaveProperty('traceparent')
    expect(spans(`send ${stream}`)).toEqual([])
  })

  test('a question carries its trace to the one who answers', async () => {
    const end = new AbortController()
    const seen: (string | undefined)[] = []
    const handler = () => {
      seen.push(trace.getActiveSpan()?.spanContext().traceId)
      return Promise.resolve({})
    }
    respond(server.nats, 'ask', handler, end.signal)
    await trace.getTracer('test').startActiveSpan('command', async (span) => {
      await request(server.nats, 'ask', {})
      span.end()
    })
    expect(seen).toEqual([spans('command')[0]!.spanContext().traceId])
    end.abort()
  })
})
