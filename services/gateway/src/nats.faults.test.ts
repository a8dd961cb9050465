// What goes wrong with NATS, and what every client has got when it is over.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { natsTopology } from '@peyk/contracts'
import { deleteConsumer, ensureStreams, listConsumers } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  startGatewayFixture,
  samples,
  timestamp,
} from './testing/gateway-fixture.ts'
import { expectNothingLost, startFlow, watchCampaign } from './testing/oracle.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway({
    environment: { WS_MAX_PER_USER: '200' },
  })
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

describe('[P9] the oracle: each client got what JetStream acknowledged, once and in order', () => {
  const faults: readonly (readonly [string, () => Promise<void>])[] = [
    [
      'nats-server killed and restarted',
      async () => {
        await fixture.server.kill()
        await fixture.server.restart()
        await fixture.nats.whenConnected(20_000)
        await ensureStreams(fixture.nats, natsTopology(1), { role: 'owner' })
      },
    ],
    [
      'nats-server frozen for 20 s',
      async () => {
        fixture.server.freeze()
        await new Promise((resolve) => setTimeout(resolve, 20_000))
        fixture.server.thaw()
        await fixture.nats.whenConnected(20_000)
      },
    ],
    [
      'the consumer of the feed deleted',
      async () => {
        for (const name of await listConsumers(fixture.nats, 'LIVE'))
          await deleteConsumer(fixture.nats, 'LIVE', name)
      },
    ],
  ]
  test.each(faults)(
    '%s',
    async (name, fault) => {
      const blindMs = await expectNothingLost(fixture, gateway, fault)
      process.stdout.write(`${name}: at most ${blindMs.toFixed(0)} ms from acknowledgement to client\n`)
    },
    60_000,
  )
})

test('[P11] the stream deleted and made anew: the newest state is shown again, and then all of the new stream', async () => {
  const id = await fixture.campaign()
  const clients = await watchCampaign(gateway, id)
  const states: unknown[] = []
  clients.socket.addEventListener('message', ({ data }) => {
    const text = String(data)
    if (text.includes('campaign_update')) states.push(JSON.parse(text))
  })
  const flow = startFlow(fixture, id)
  await eventually(() => clients.plain.length > 20, { what: 'a flow' })
  await flow.stop()
  const before = flow.acknowledged.length
  await eventually(() => clients.plain.length === before, { what: 'all of the old stream' })
  await fixture.nats.request('$JS.API.STREAM.DELETE.LIVE')
  await ensureStreams(fixture.nats, natsTopology(1), { role: 'owner' })
  await fixture.publish(id, 'campaign_update', { ...samples.campaign_update, status: 'PAUSED' })
  // Fewer than the stream keeps of one subject: what it evicts before the gateway sees it anew, nobody is told.
  const again = Array.from({ length: 300 }, (_, index) => before + 1 + index)
  for (const number of again) await fixture.publish(id, 'error_update', { error: String(number), timestamp })
  const all = [...flow.acknowledged, ...again]
  await eventually(() => clients.plain.length === all.length, {
    what: 'all of the new stream',
    deadlineMs: 30_000,
  })
  expect(clients.plain).toEqual(all)
  expect(states.length).toBeGreaterThan(0)
  clients.close()
}, 60_000)
