import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  campaignIdSchema,
  headers,
  type LiveMessageType,
  natsTopology,
  subjects,
  tenantIdSchema,
} from '@peyk/contracts'
import {
  connectNats,
  createPublisher,
  ensureStreams,
  lastMessageOf,
  type Nats,
  type NatsServer,
  readSubjects,
  startNatsServer,
} from '@peyk/messaging'

import { createLivePublisher } from './live-publisher.ts'
import { tidyLive } from './tidy-live.ts'

const tenant = tenantIdSchema.parse('acme')
const campaignId = campaignIdSchema.parse(1)
const campaign = { tenant, campaignId }
const HOUR_MS = 3_600_000
const timestamp = '2026-01-01T00:00:00Z'

let server: NatsServer
let nats: Nats
beforeAll(async () => {
  server = await startNatsServer()
  nats = await connectNats({ url: server.url, name: 'test' })
  await ensureStreams(nats, natsTopology(1), { role: 'owner' })
}, 60_000)
afterAll(async () => {
  await nats.close()
  await server.dispose()
})

const publisher = () => createLivePublisher(nats, createPublisher(nats))
const status = (live: ReturnType<typeof publisher>) =>
  live.publish(campaign, 'status_update', { status: 'ready', message: 'Ready', timestamp })
const held = async (): Promise<Record<string, number>> => {
  const counts = await readSubjects(nats, 'LIVE')
  return Object.fromEntries([...counts].map(([subject, count]) => [subject.split('.').at(-1) ?? '', count]))
}
const countOf = async (type: LiveMessageType) =>
  Number(
    (await lastMessageOf(nats, 'LIVE', subjects.live(tenant, campaignId, type)))?.headers[headers.liveCount],
  )

test('a day after a subject fell silent its newest state is left, of numbers nothing, and the count goes on', async () => {
  const live = publisher()
  for (let round = 0; round < 3; round += 1) {
    await status(live)
    const progress = { sent: round, total: 3, current: '09120000000' }
    await live.publish(campaign, 'progress_update', { progress, timestamp })
  }
  // As a campaign process does that was started later, and counts from what LIVE holds.
  const refresh = () => status(publisher())

  expect(await tidyLive({ nats, refresh }, Date.now() + 23 * HOUR_MS)).toBe(0)
  expect(await held()).toEqual({ status_update: 3, progress_update: 3 })

  // Twice, for what the first one published is new to it.
  await tidyLive({ nats, refresh }, Date.now() + 25 * HOUR_MS)
  await tidyLive({ nats, refresh }, Date.now() + 25 * HOUR_MS)
  expect(await held()).toEqual({ status_update: 1 })
  expect(await countOf('status_update')).toBe(7)
})
