// What goes wrong with NATS, and what every client has got when it is over.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { CampaignFeed } from '@peyk/client'
import { type CampaignId, natsTopology } from '@peyk/contracts'
import { deleteConsumer, ensureStreams, listConsumers } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  startGatewayFixture,
  samples,
  timestamp,
  token,
} from './testing/gateway-fixture.ts'
import { connect } from './testing/test-client.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway({
    environment: { WS_MAX_PER_USER: '200' },
  })
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

/** Publishes numbered errors until it is stopped, and knows which of them JetStream has acknowledged. */
const flowOf = (id: CampaignId) => {
  const acknowledged: number[] = []
  let isOn = true
  const ended = (async () => {
    for (let number = 1; isOn;) {
      try {
        await fixture.publish(id, 'error_update', { error: String(number), timestamp })
        acknowledged.push(number)
        number += 1
      } catch {
        // Not acknowledged: it may or may not be there, so its number is used again, and the oracle takes both.
        await fixture.nats.whenConnected(30_000).catch(() => undefined)
      }
    }
  })()
  return { acknowledged, stop: () => ((isOn = false), ended) }
}

/** A client of each protocol, with the numbers that it has got. */
const watch = async (id: CampaignId) => {
  const plain = await connect(gateway.port, `campaignId=${id}&userId=1&token=${await token()}`)
  const feed = new CampaignFeed({
    url: `ws://127.0.0.1:${gateway.port}`,
    campaignId: id,
    userId: 1,
    token: () => token(),
    reconnectDelayMs: 50,
    resume: true,
  })
  const resumed: number[] = []
  feed.on('error_update', ({ error }) => void resumed.push(Number(error)))
  feed.connect()
  await eventually(() => feed.healthCheck(), { what: 'the connection' })
  return {
    numbers: () => plain.messages.flatMap(({ data }) => ('error' in data ? [Number(data['error'])] : [])),
    resumed,
    socket: plain.socket,
    close: () => {
      plain.socket.close()
      feed.close()
    },
  }
}

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
    async (_, fault) => {
      const id = await fixture.campaign()
      const clients = await watch(id)
      const flow = flowOf(id)
      await eventually(() => clients.numbers().length > 20, { what: 'a flow' })
      await fault()
      const before = flow.acknowledged.length
      await eventually(() => flow.acknowledged.length > before + 20, {
        what: 'the flow again',
        deadlineMs: 30_000,
      })
      await flow.stop()
      const last = flow.acknowledged.at(-1)
      for (const numbers of [clients.numbers, () => clients.resumed]) {
        await eventually(() => numbers().at(-1) === last, { what: `message ${last}`, deadlineMs: 20_000 })
        // A publish whose answer was lost is stored, and published again under its number: that is the publisher's.
        expect([...new Set(numbers())]).toEqual(flow.acknowledged)
        expect(numbers()).toEqual(numbers().toSorted((a, b) => a - b))
      }
      expect(clients.socket.readyState).toBe(WebSocket.OPEN)
      clients.close()
    },
    60_000,
  )
})

test('[P11] the stream deleted and made anew: the newest state is shown again, and then all of the new stream', async () => {
  const id = await fixture.campaign()
  const clients = await watch(id)
  const states: unknown[] = []
  clients.socket.addEventListener('message', ({ data }) => {
    const text = String(data)
    if (text.includes('campaign_update')) states.push(JSON.parse(text))
  })
  const flow = flowOf(id)
  await eventually(() => clients.numbers().length > 20, { what: 'a flow' })
  await flow.stop()
  const before = flow.acknowledged.length
  await eventually(() => clients.numbers().length === before, { what: 'all of the old stream' })
  await fixture.nats.request('$JS.API.STREAM.DELETE.LIVE')
  await ensureStreams(fixture.nats, natsTopology(1), { role: 'owner' })
  await fixture.publish(id, 'campaign_update', { ...samples.campaign_update, status: 'PAUSED' })
  // Fewer than the stream keeps of one subject: what it evicts before the gateway sees it anew, nobody is told.
  const again = Array.from({ length: 300 }, (_, index) => before + 1 + index)
  for (const number of again) await fixture.publish(id, 'error_update', { error: String(number), timestamp })
  const all = [...flow.acknowledged, ...again]
  await eventually(() => clients.numbers().length === all.length, {
    what: 'all of the new stream',
    deadlineMs: 30_000,
  })
  expect(clients.numbers()).toEqual(all)
  expect(states.length).toBeGreaterThan(0)
  clients.close()
}, 60_000)
