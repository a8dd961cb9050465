import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventStreams } from '@peyk/contracts'
import { loadStream, type RecordedEvent } from '@peyk/event-sourcing'
import { eventually } from '@peyk/testing'

import { campaignStream } from '../domain/campaign/stream.ts'
import {
  type CampaignService,
  createCampaign,
  startCampaignService,
  startServers,
} from '../testing/campaign-service.contract.ts'

const RECIPIENTS = 100_000

let servers: Awaited<ReturnType<typeof startServers>>
let service: CampaignService

beforeAll(async () => {
  servers = await startServers()
  service = await startCampaignService(servers)
}, 60_000)
afterAll(async () => {
  await service.stop()
  await servers.stop()
})

test('a campaign of 100,000 recipients is rebuilt from a handful of small events', async () => {
  const id = await createCampaign(service.as())
  const rows = Array.from({ length: RECIPIENTS }, (_, index) => `0912${1_000_000 + index},علی`)
  const { status } = await service
    .as()
    .upload(`/api/campaigns/${id}/recipients`, `phone,name\n${rows.join('\n')}\n`)
  expect([200, 202]).toContain(status)
  const { streamName, decider, codec } = campaignStream(id)
  const rebuild = async () => (await loadStream(servers.store, streamName, decider, codec)).state
  await eventually(async () => (await rebuild()).status === 'READY', {
    deadlineMs: 120_000,
    what: 'the import to end',
  })

  const events: RecordedEvent[] = []
  for await (const event of servers.store.readStream(eventStreams.campaign(id))) events.push(event)
  expect(events.map(({ type }) => type)).toEqual(['CampaignCreated', 'RecipientsImported'])
  expect(JSON.stringify(events.map(({ data }) => data)).length).toBeLessThan(1_000)

  expect(await rebuild()).toMatchObject({ status: 'READY', details: { recipients: { total: RECIPIENTS } } })
}, 180_000)
