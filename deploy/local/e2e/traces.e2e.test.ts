// What a collector gets: a test send as one trace, the sends of a run as traces of their own.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connectNats } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import { startTestStack, type TestStack } from './fixture.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts'
import { command, completion, prepareCampaign } from './run-campaign.ts'

let collector: OtlpReceiver
let stack: TestStack
beforeAll(async () => {
  collector = await startOtlpReceiver()
  stack = await startTestStack({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  })
}, 120_000)
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await collector[Symbol.asyncDispose]()
}, 60_000)

const csv = 'phone,name\n09121000001,Ali\n09121000002,Sara\n'
const spanNamed = (service: string, name: string) =>
  collector.spans.filter((span) => span.service === service && span.name === name)

/** From the span to the first of its trace, as `service name`. */
const pathTo = (span: ReceivedSpan | undefined): string[] =>
  span === undefined
    ? []
    : [
        ...pathTo(collector.spans.find(({ spanId }) => spanId === span.parentSpanId)),
        `${span.service} ${span.name}`,
      ]

test('a test send is one trace, from the request over append, publish, send and ack to the delivery', async () => {
  const { id, live } = await prepareCampaign(stack, { csv })
  const asked = await stack.call('POST', `/api/campaigns/${id}/test-send`, { phone: '09121000009' })
  expect(asked.status).toBe(200)
  await eventually(() => live.newest('status_update')?.message === 'Test message sent', {
    deadlineMs: 20_000,
    what: 'the test send to be told',
  })

  const command = await eventually(() => spanNamed('campaign', 'POST /api/campaigns/:id/test-send')[0], {
    deadlineMs: 20_000,
    what: 'the span of the command',
  })
  const ofTrace = () => collector.spans.filter(({ traceId }) => traceId === command.traceId)
  const delivered = () => pathTo(ofTrace().find(({ name }) => name === 'deliver'))
  await eventually(() => delivered()[0] === 'gateway POST', {
    deadlineMs: 20_000,
    what: 'the spans of all services',
  })
  expect(delivered()).toEqual([
    'gateway POST',
    'gateway POST',
    'campaign POST /api/campaigns/:id/test-send',
    'campaign send DISPATCH',
    'sender send',
    'sender send outcomes',
    'campaign process OUTCOMES',
    'campaign send live',
    'gateway deliver',
  ])
  const append = ofTrace().find(({ name }) => name === 'eventstore append')
  expect(append?.parentSpanId).toBe(command.spanId)
  const send = ofTrace().find(({ service, name }) => service === 'sender' && name === 'send')
  expect(send).toMatchObject({ events: ['ack'], attributes: { 'peyk.outcome': 'sent' } })
}, 60_000)

test("each send of a run is a trace of its own, linked to the command's, with its correlation id", async () => {
  const { id, live } = await prepareCampaign(stack, { csv })
  await command(stack, id, 'start')
  await completion(live)

  const start = await eventually(() => spanNamed('campaign', 'POST /api/campaigns/:id/start')[0], {
    deadlineMs: 20_000,
    what: 'the span of the command',
  })
  const linked = () =>
    spanNamed('sender', 'send').filter(({ links }) => links.some(({ traceId }) => traceId === start.traceId))
  await eventually(() => linked().length === 2, { deadlineMs: 20_000, what: 'the spans of both sends' })
  const sends = linked()
  expect(new Set([start.traceId, ...sends.map(({ traceId }) => traceId)]).size).toBe(3)
  expect(start.attributes['peyk.correlation_id']).toBeTruthy()
  for (const send of sends)
    expect(send).toMatchObject({
      parentSpanId: '',
      attributes: { 'peyk.correlation_id': start.attributes['peyk.correlation_id'] },
    })
}, 60_000)

test('a replay links, it does not extend: events that are published again have traces of their own', async () => {
  const command = 'POST /api/campaigns/:id/test-send'
  const first = await eventually(() => spanNamed('campaign', command)[0])
  const published = () =>
    spanNamed('campaign', 'send events').filter(
      ({ traceId, links }) =>
        traceId === first.traceId || links.some((link) => link.traceId === first.traceId),
    )
  await eventually(() => published().length > 0, { deadlineMs: 20_000, what: 'the first publication' })
  const ofTrace = () =>
    collector.spans.filter(({ traceId }) => traceId === first.traceId).map(({ name }) => name)
  const before = ofTrace()
  const known = published().length

  await loseEvents()
  await eventually(() => published().length === 2 * known, { deadlineMs: 60_000, what: 'the replay' })
  for (const { parentSpanId, traceId, links } of published().slice(known)) {
    expect(parentSpanId).toBe('')
    expect(traceId).not.toBe(first.traceId)
    expect(links.map((link) => link.traceId)).toEqual([first.traceId])
  }
  expect(ofTrace()).toEqual(before)
}, 120_000)

/** The stream of public events is lost, with the relay's checkpoint: all is published again from the event store. */
const loseEvents = async (): Promise<void> => {
  const { urls, pids } = stack.file()
  const nats = await connectNats({ url: urls.nats, name: 'test' })
  if (pids.campaign !== undefined) process.kill(pids.campaign, 'SIGSTOP')
  await nats.request('$JS.API.STREAM.DELETE.EVENTS')
  await nats.request(
    '$JS.API.STREAM.PURGE.KV_checkpoints',
    new TextEncoder().encode(JSON.stringify({ filter: '$KV.checkpoints.relay' })),
  )
  await nats.close()
  await stack.kill('campaign')
}

test('no span names a phone number, and none lasts as long as a connection', () => {
  const text = JSON.stringify(collector.spans)
  for (const number of ['9121000001', '9121000002', '9121000009']) expect(text).not.toContain(number)
  expect(spanNamed('sender', 'GET')).toEqual([])
})
