// What happens to a campaign beside its runs: deleted, had back, copied, looked back upon.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  campaignReplySchema,
  historyEntrySchema,
  problemSchema,
  subjects,
  tenantIdSchema,
} from '@peyk/contracts'
import { lastMessageOf, openBucket } from '@peyk/messaging'
import { eventually } from '@peyk/testing'
import { z } from 'zod'

import {
  type Answer,
  type CampaignService,
  createCampaign,
  linkNumber,
  startCampaignService,
  startServers,
} from '../testing/campaign-service.contract.ts'
import { campaignIn } from './testing/campaign-in.ts'

let servers: Awaited<ReturnType<typeof startServers>>
let service: CampaignService

beforeAll(async () => {
  servers = await startServers()
  service = await startCampaignService(servers, { FIRST_SEND_DELAY: '1h' })
  await linkNumber(service.as(), servers.store, await createCampaign(service.as()))
}, 60_000)
afterAll(async () => {
  await service.stop()
  await servers.stop()
})

const codeOf = ({ body }: Answer) => problemSchema.parse(body).code
const campaignOf = ({ body }: Answer) => z.object({ campaign: campaignReplySchema }).parse(body).campaign

test('a deleted campaign is gone from everywhere, and comes back as it was', async () => {
  const owner = service.as()
  const id = await campaignIn('PAUSED', owner, servers.store)
  const path = `/api/campaigns/${id}`
  const access = openBucket(servers.nats, 'campaign_access')
  const feed = subjects.live(tenantIdSchema.parse('acme'), id, 'campaign_update')
  await eventually(async () => (await lastMessageOf(servers.nats, 'LIVE', feed)) !== undefined)

  expect((await owner.send('DELETE', path)).status).toBe(200)
  for (const look of ['', '/preview', '/estimate', '/connection', '/history'])
    expect(codeOf(await owner.get(`${path}${look}`))).toBe('campaign_not_found')
  for (const command of ['resume', 'cancel', 'start'])
    expect(codeOf(await owner.send('POST', `${path}/${command}`))).toBe('campaign_not_found')
  const { body } = await owner.get('/api/campaigns?limit=100')
  expect(
    z.object({ campaigns: z.array(z.object({ id: z.number() })) }).parse(body).campaigns,
  ).not.toContainEqual(expect.objectContaining({ id }))
  expect(await access.get(String(id))).toBeUndefined()
  await eventually(async () => (await lastMessageOf(servers.nats, 'LIVE', feed)) === undefined)
  expect((await owner.send('DELETE', path)).status).toBe(200)

  expect(campaignOf(await owner.send('POST', `${path}/restore`)).status).toBe('PAUSED')
  expect((await owner.get(path)).status).toBe(200)
  expect((await access.get(String(id)))?.json()).toMatchObject({ campaignId: id })
  expect((await owner.send('POST', `${path}/cancel`)).status).toBe(200)
})

test('a copy has the texts, the pacing and the people that were asked for', async () => {
  const owner = service.as()
  const id = await campaignIn('READY', owner, servers.store)
  const path = `/api/campaigns/${id}`
  await owner.send('PUT', `${path}/interval`, { interval: '30s' })
  const copy = async (recipients: string, key = recipients) =>
    owner.send('POST', `${path}/duplicate`, { recipients }, { 'idempotency-key': key })
  const all = await copy('all')
  expect([all.status, all.body]).toMatchObject([201, { recipientsCount: 2 }])
  const copied = campaignOf(all)
  expect(copied).toMatchObject({
    status: 'READY',
    interval: '30s',
    message: 'سلام {{name}}',
    sessionId: null,
  })
  expect(copied.id).not.toBe(id)
  expect(all.headers.get('location')).toBe(`/api/campaigns/${copied.id}`)
  expect(campaignOf(await copy('all')).id).toBe(copied.id)
  expect(campaignOf(await copy('notDelivered')).progress.total).toBe(2)
  expect(campaignOf(await copy('failed'))).toMatchObject({ status: 'DRAFT', progress: { total: 0 } })
  expect(campaignOf(await copy('none')).status).toBe('DRAFT')
})

test('the history tells who did what, without keys and texts', async () => {
  const owner = service.as()
  const id = await campaignIn('PAUSED', owner, servers.store)
  const answer = await owner.get(`/api/campaigns/${id}/history`)
  const { history } = z.object({ history: z.array(historyEntrySchema) }).parse(answer.body)
  expect(history.map(({ event }) => event)).toEqual([
    'CampaignCreated',
    'SessionAttached',
    'RecipientsImported',
    'CampaignStarted',
    'CampaignPaused',
  ])
  expect(history[0]).toMatchObject({ userId: 'u1', details: { ownerId: 'u1' } })
  expect(history[2]).toMatchObject({ details: { accepted: 2, rejected: 0, total: 2 } })
  expect(history[4]).toMatchObject({ userId: null, reason: 'user' })
  expect(answer.text).not.toContain('runKey')
  expect(answer.text).not.toContain('سلام')
})

test('includes come when they are asked for', async () => {
  const owner = service.as()
  const id = await campaignIn('READY', owner, servers.store)
  expect((await owner.get(`/api/campaigns/${id}?include=recipients,report`)).body).toMatchObject({
    campaign: {
      recipients: { total: 2, variables: ['name'], url: `/api/campaigns/${id}/recipients` },
      report: { status: 'READY', totalSent: 0, totalFailed: 0 },
    },
  })
})
