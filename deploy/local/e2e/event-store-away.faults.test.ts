// The event store is away for 20 seconds in the middle of a campaign, once frozen and once stopped: callers are told
// at once, no service ends, and everything goes on by itself after.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import type { CampaignReply } from '@peyk/contracts'
import { spawnEventStore } from '@peyk/eventstore-embedded'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { startTestStack, type TestStack } from './fixture.ts'
import { command, prepareCampaign, reportOf } from './run-campaign.ts'

const AWAY_MS = 20_000

let folder: TemporaryFolder
let store: Awaited<ReturnType<typeof spawnEventStore>>
let stack: TestStack

beforeAll(async () => {
  folder = await temporaryFolder('peyk-away-')
  store = await spawnEventStore({ dataDir: folder.path })
  stack = await startTestStack({}, { eventstoreUrl: store.url })
}, 90_000)

afterAll(async () => {
  await stack[Symbol.asyncDispose]()
  await store.stop()
  await folder.remove()
}, 60_000)

interface Refusal {
  readonly key: string
  readonly tookMs: number
  readonly status: number
  readonly code: unknown
  readonly retryAfter: string | null
}

const title = (key: string) => `away ${key}`

const create = (key: string) =>
  stack.call<{ campaign: CampaignReply; code?: string }>(
    'POST',
    '/api/campaigns',
    { title: title(key), message: 'سلام' },
    { headers: { 'idempotency-key': key } },
  )

/** Commands that come in, one after the other, until the time is over. */
const refusalsUntil = async (endsAt: number): Promise<Refusal[]> => {
  const refusals: Refusal[] = []
  while (performance.now() < endsAt - 5_000) {
    const key = randomUUID()
    const asked = performance.now()
    const { status, headers, body } = await create(key)
    refusals.push({
      key,
      tookMs: performance.now() - asked,
      status,
      code: body.code,
      retryAfter: headers.get('retry-after'),
    })
    await pause(1_000)
  }
  return refusals
}

const health = async (name: 'campaign' | 'reporting' | 'gateway' | 'sender', path: string) => {
  const answer = await fetch(`${stack.file().admin[name]}${path}`)
  return { status: answer.status, text: await answer.text() }
}

/** What callers and operators see while the store is away. */
const checkAway = async (endsAt: number): Promise<Refusal[]> => {
  const commands = Array.from({ length: 3 }, () => refusalsUntil(endsAt))
  await eventually(
    async () => {
      const [campaign, reporting] = await Promise.all([
        health('campaign', '/readyz'),
        health('reporting', '/readyz'),
      ])
      for (const { status, text } of [campaign, reporting]) {
        expect(status).toBe(503)
        expect(text).toContain('event store')
      }
      return true
    },
    { deadlineMs: 10_000, what: 'readiness to tell' },
  )
  for (const name of ['campaign', 'reporting', 'gateway', 'sender'] as const)
    expect((await health(name, '/livez')).status).toBe(200)
  const refusals = (await Promise.all(commands)).flat()
  expect(refusals.length).toBeGreaterThanOrEqual(3)
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ status: 503, code: 'unavailable', retryAfter: '2' })
    expect(refusal.tookMs).toBeLessThan(5_000)
  }
  await pause(Math.max(0, endsAt - performance.now()))
  return refusals
}

/** Nobody restarted anything: services are ready again, and what was refused may be asked again. */
const checkBack = async (pids: unknown, refusals: readonly Refusal[]) => {
  for (const name of ['campaign', 'reporting', 'gateway', 'sender'] as const)
    await eventually(async () => (await health(name, '/readyz')).status === 200, {
      deadlineMs: 30_000,
      what: `${name} to be ready again`,
    })
  expect(stack.file().pids).toEqual(pids)
  for (const { key } of refusals) {
    const { status } = await create(key)
    expect([200, 201]).toContain(status)
  }
  await eventually(
    async () => {
      const { body } = await stack.call<{ campaigns: CampaignReply[] }>('GET', '/api/campaigns?limit=100')
      for (const { key } of refusals)
        expect(body.campaigns.filter((campaign) => campaign.title === title(key))).toHaveLength(1)
      return true
    },
    { deadlineMs: 30_000, what: 'each campaign to be in the list, once' },
  )
}

test('the event store is frozen, then stopped, 20 s each, under a campaign that runs', async () => {
  const { id, live } = await prepareCampaign(stack, { message: 'away {{name}}', interval: '0.6s' })
  await command(stack, id, 'start')
  const { pids } = stack.file()

  process.kill(store.pid, 'SIGSTOP')
  const ofFrozen = await checkAway(performance.now() + AWAY_MS)
  process.kill(store.pid, 'SIGCONT')
  await checkBack(pids, ofFrozen)

  await store.stop()
  const ofStopped = await checkAway(performance.now() + AWAY_MS)
  store = await spawnEventStore({ dataDir: folder.path, port: Number(new URL(store.url).port) })
  await checkBack(pids, ofStopped)

  await eventually(
    async () => {
      const { campaign, totals } = await reportOf(stack, id)
      expect([campaign.status, totals]).toEqual(['COMPLETED', { ...totals, pending: 0 }])
      return true
    },
    { deadlineMs: 150_000, what: 'the campaign to end' },
  )
  const counts = [...(await stack.inbox()).values()].map((messages) =>
    messages.reduce((sum, { text, count }) => sum + (text.startsWith('away ') ? count : 0), 0),
  )
  expect(Math.max(...counts)).toBe(1)
  const { report } = await reportOf(stack, id)
  expect(report.totalSent + report.totalFailed).toBe(100)
  live.close()
}, 300_000)
