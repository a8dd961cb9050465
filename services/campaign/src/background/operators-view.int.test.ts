// What operators see of streams, campaigns and numbers, on a real nats-server.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { campaignIdSchema, natsTopology, totalsOfPending } from '@peyk/contracts'
import { connectNats, createPublisher, ensureStreams, type Nats, startNatsServer } from '@peyk/messaging'
import { Registry } from 'prom-client'

import type { CampaignRow, LedgerModel } from '../ledger/model.ts'
import { showCampaigns } from './show-campaigns.ts'
import { showStreams } from './show-streams.ts'

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

let server: Awaited<ReturnType<typeof startNatsServer>>
let nats: Nats
beforeAll(async () => {
  server = await startNatsServer()
  nats = await connectNats({ url: server.url, name: 'test' })
})
afterAll(async () => {
  await nats.close()
  await server.dispose()
})

test('streams that are there are shown, and those that are not are left out', async () => {
  const registry = new Registry()
  showStreams(registry, nats)
  expect(await registry.metrics()).not.toContain('stream="DISPATCH"')
  await ensureStreams(nats, natsTopology(1), { role: 'owner', log })
  await createPublisher(nats).publish('dispatch.acme.1.wa_a', { position: 1 })
  const scrape = await registry.metrics()
  expect(scrape).toContain('jetstream_stream_messages{stream="DISPATCH"} 1')
  expect(scrape).toContain('jetstream_stream_messages{stream="KV_leases"} 0')
  expect(scrape).toMatch(/jetstream_stream_max_bytes\{stream="DISPATCH"\} 1073741824/)
  expect(scrape).toMatch(/jetstream_stream_oldest_message_age_seconds\{stream="DISPATCH"\} 0\.\d/)
})

test('a running campaign without a new outcome stands still; one that ended does not', async () => {
  const registry = new Registry()
  const row = (outcomesRevision: number): CampaignRow =>
    ({
      campaignId: campaignIdSchema.parse(1),
      status: 'RUNNING',
      totals: totalsOfPending(2),
      outcomesRevision,
    }) as CampaignRow
  let rows = [row(0)]
  showCampaigns(registry, {
    campaignsIn: () => rows,
    sessions: () => [{ state: 'banned' }],
  } as unknown as LedgerModel)
  expect(await registry.metrics()).toContain('campaign_campaigns{status="RUNNING"} 1')
  const scrape = await registry.metrics()
  expect(scrape).toContain('campaign_numbers{state="banned"} 1')
  expect(Number(/^campaign_longest_standstill_seconds (\S+)$/m.exec(scrape)?.[1])).toBeGreaterThan(0)
  rows = [row(1)]
  expect(await registry.metrics()).toContain('campaign_longest_standstill_seconds 0')
  rows = []
  expect(await registry.metrics()).toContain('campaign_longest_standstill_seconds 0')
})
