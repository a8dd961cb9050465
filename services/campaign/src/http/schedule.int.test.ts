// Scheduled starts, as a user sees them: planned, listed, taken back, and what becomes of those that were slept through.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type CampaignId,
  campaignReplySchema,
  historyEntrySchema,
  problemSchema,
  subjects,
  tenantIdSchema,
} from '@peyk/contracts'
import { lastMessageOf } from '@peyk/messaging'
import { eventually } from '@peyk/testing'
import { z } from 'zod'

import {
  type Answer,
  type Caller,
  type CampaignService,
  createCampaign,
  eventTypes,
  startCampaignService,
  startServers,
} from '../testing/campaign-service.contract.ts'

const settings = { FIRST_SEND_DELAY: '1h', SCHEDULE_GRACE: '1s' }
let servers: Awaited<ReturnType<typeof startServers>>
let service: CampaignService

beforeAll(async () => {
  servers = await startServers()
  service = await startCampaignService(servers, settings)
}, 60_000)
afterAll(async () => {
  await service.stop()
  await servers.stop()
})

const campaignOf = ({ body }: Answer) => z.object({ campaign: campaignReplySchema }).parse(body).campaign
const statusOf = async (caller: Caller, id: CampaignId) =>
  campaignOf(await caller.get(`/api/campaigns/${id}`)).status

const plan = (caller: Caller, id: CampaignId, scheduledAt: string, more: object = {}) =>
  caller.send('PUT', `/api/campaigns/${id}/interval`, {
    interval: '10s',
    sendType: 'scheduled',
    scheduledAt,
    ...more,
  })

const ready = async (caller: Caller): Promise<CampaignId> => {
  const id = await createCampaign(caller, 'سلام {{name}}')
  await caller.upload(`/api/campaigns/${id}/recipients`, 'phone,name\n09123456789,علی\n')
  return id
}

const scheduled = async (
  caller: Caller,
  scheduledAt: string,
  more: object = {},
  id?: CampaignId,
): Promise<CampaignId> => {
  id ??= await ready(caller)
  expect((await plan(caller, id, scheduledAt, more)).status).toBe(200)
  const started = await caller.send('POST', `/api/campaigns/${id}/start`)
  expect([started.status, started.text]).toEqual([200, expect.stringContaining('Campaign scheduled')])
  return id
}
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString()

test('a plan is shown, listed in the order of its times, changed and taken back', async () => {
  const caller = service.as({ user: 'planner' })
  const wall = `${new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10)}T10:00`
  const later = await scheduled(caller, wall)
  const sooner = await scheduled(caller, inMs(3_600_000), { timezone: 'Europe/Berlin' })
  expect(campaignOf(await caller.get(`/api/campaigns/${later}`))).toMatchObject({
    status: 'SCHEDULED',
    sendType: 'scheduled',
    scheduledAt: `${wall.slice(0, 10)}T06:30:00.000Z`,
    timezone: 'Asia/Tehran',
    startedAt: null,
  })
  const listed = async () =>
    z
      .object({ campaigns: z.array(z.object({ id: z.number() })) })
      .parse((await caller.get('/api/campaigns/scheduled')).body)
      .campaigns.map(({ id }) => id)
  expect(await listed()).toEqual([sooner, later])

  const long = `سلام {{name}} ${'ن'.repeat(4_090)}`
  const refused = await caller.send('PUT', `/api/campaigns/${later}/message`, { message: long })
  expect(refused.status).toBeGreaterThanOrEqual(400)
  const unknown = await caller.send('PUT', `/api/campaigns/${later}/message`, { message: '{{city}}' })
  expect(problemSchema.parse(unknown.body).code).toBe('missing_variable')

  const cancelled = await caller.send('POST', `/api/campaigns/${later}/cancel-schedule`)
  expect(campaignOf(cancelled)).toMatchObject({ status: 'READY', sendType: 'immediate', scheduledAt: null })
  expect(await listed()).toEqual([sooner])
  const immediate = { interval: '10s', sendType: 'immediate' }
  const changed = await caller.send('PUT', `/api/campaigns/${sooner}/interval`, immediate)
  expect(campaignOf(changed)).toMatchObject({ status: 'READY', sendType: 'immediate' })
  expect(await listed()).toEqual([])
})

test('one that is cancelled while it waits is over, with everybody skipped', async () => {
  const caller = service.as({ user: 'canceller' })
  const id = await scheduled(caller, inMs(3_600_000))
  expect(campaignOf(await caller.send('POST', `/api/campaigns/${id}/cancel`)).status).toBe('CANCELLED')
  const isTold = () =>
    lastMessageOf(servers.nats, 'LIVE', subjects.live(tenantIdSchema.parse('acme'), id, 'completion_update'))
  const told = await eventually(isTold, { what: 'the completion' })
  expect(told.json()).toMatchObject({ report: { status: 'CANCELLED', totalSent: 0, totalFailed: 1 } })
})

test('when its time comes it runs; without a number it waits and says so', async () => {
  const caller = service.as({ user: 'waiter' })
  const id = await scheduled(caller, inMs(500))
  await eventually(async () => (await statusOf(caller, id)) === 'RUNNING', {
    deadlineMs: 30_000,
    what: 'the scheduled start',
  })
  const feed = subjects.live(tenantIdSchema.parse('acme'), id, 'status_update')
  await eventually(
    async () =>
      ((await lastMessageOf(servers.nats, 'LIVE', feed))?.json() as { status?: string } | undefined)
        ?.status === 'waiting',
    { deadlineMs: 30_000, what: 'the word that it waits' },
  )
  expect((await caller.send('POST', `/api/campaigns/${id}/qr-code`)).status).toBe(202)
  const types = await eventTypes(servers.store, id)
  expect(types.filter((type) => type === 'CampaignStarted')).toHaveLength(1)
}, 60_000)

test('slept through, each policy does what it says, and an event says which', async () => {
  const caller = service.as({ user: 'sleeper' })
  const [run, soon, skip, later] = [
    await ready(caller),
    await ready(caller),
    await ready(caller),
    await ready(caller),
  ]
  const due = Date.now() + 8_000
  const at = new Date(due).toISOString()
  const ids = {
    run: await scheduled(caller, at, { missedRun: 'run' }, run),
    soon: await scheduled(caller, at, { missedRun: 'runIfLateLessThan', missedRunLimit: '1h' }, soon),
    skip: await scheduled(caller, at, { missedRun: 'skip' }, skip),
    later: await scheduled(caller, inMs(364 * 86_400_000), { missedRun: 'run' }, later),
  }
  await service.stop()
  await eventually(() => Date.now() > due + 1_500, { deadlineMs: 30_000, what: 'the time to pass' })
  service = await startCampaignService(servers, settings)
  const again = service.as({ user: 'sleeper' })
  const told = async (id: CampaignId) => {
    const { body } = await again.get(`/api/campaigns/${id}/history`)
    const { history } = z.object({ history: z.array(historyEntrySchema) }).parse(body)
    return history.find(({ event }) => event === 'ScheduleMissed')?.details['taken']
  }
  await eventually(async () => (await Promise.all([ids.run, ids.soon, ids.skip].map(told))).every(Boolean), {
    deadlineMs: 30_000,
    what: 'the missed starts to be told',
  })
  expect(await Promise.all([ids.run, ids.soon, ids.skip, ids.later].map(told))).toEqual([
    'run',
    'run',
    'skip',
    undefined,
  ])
  const expected = { run: 'RUNNING', soon: 'RUNNING', skip: 'READY', later: 'SCHEDULED' } as const
  for (const [name, status] of Object.entries(expected))
    await eventually(async () => (await statusOf(again, ids[name as keyof typeof ids])) === status, {
      deadlineMs: 30_000,
      what: `${name} to be ${status}`,
    })
  for (const id of [ids.run, ids.soon]) {
    const types = await eventTypes(servers.store, id)
    expect(types.filter((type) => type === 'CampaignStarted')).toHaveLength(1)
  }
}, 120_000)
