// @peyk/client through a stop and a kill of its gateway.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CampaignFeed } from '@peyk/client'
import { eventually } from '@peyk/testing'

import { type GatewayFixture, startGatewayFixture, token } from './testing/gateway-fixture.ts'

let fixture: GatewayFixture
beforeAll(async () => {
  fixture = await startGatewayFixture()
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

test.each([
  ['stopped', 'SIGTERM', 1012],
  ['killed', 'SIGKILL', 1006],
] as const)(
  'a gateway that is %s: the feed goes on with the next one',
  async (_, signal, code) => {
    const campaignId = await fixture.campaign()
    const first = await fixture.startGateway()
    const feed = new CampaignFeed({
      url: `http://127.0.0.1:${first.port}`,
      campaignId,
      userId: 1,
      token: () => token(),
      reconnectDelayMs: 50,
      maxReconnectDelayMs: 500,
      maxReconnectAttempts: Infinity,
    })
    const [snapshots, closes]: [unknown[], number[]] = [[], []]
    feed.on('campaign_update', (update) => void snapshots.push(update))
    feed.on('close', (event) => void closes.push(event.code))
    await fixture.publish(campaignId, 'campaign_update')
    feed.connect()
    await eventually(() => snapshots.length === 1, { what: 'the first snapshot' })
    await first.end(signal)
    await fixture.startGateway({ port: first.port })
    await eventually(() => snapshots.length === 2, { what: 'the second snapshot', deadlineMs: 20_000 })
    expect(closes[0]).toBe(code)
    feed.close()
  },
  60_000,
)
