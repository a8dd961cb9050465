// Every process is killed in the middle of a campaign, and nothing is lost, doubled or stuck.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { startTestStack, type TestStack } from './fixture.ts'
import { command, linkNumber, prepareCampaign, reportOf } from './run-campaign.ts'

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack({ UNCONFIRMED_AFTER: '20s' })
}, 90_000)
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
}, 60_000)

const received = async (prefix: string) => {
  const counts = new Map<string, number>()
  for (const [number, messages] of await stack.inbox())
    for (const { text, count } of messages)
      if (text.startsWith(prefix)) counts.set(number, (counts.get(number) ?? 0) + count)
  return counts
}

/** At most one message each; whoever got none and should have is unconfirmed; the figures agree. */
const checkFates = async (id: number, prefix: string) => {
  const counts = await received(prefix)
  expect([...counts.values()].filter((count) => count > 1)).toEqual([])
  const { totals, report } = await reportOf(stack, id)
  expect(report.totalSent + report.totalFailed).toBe(100)
  const missing = 98 - counts.size
  expect(missing).toBeLessThanOrEqual(totals.unconfirmed)
  return totals
}

test('kill -9 of each process in turn: the campaign completes, and nobody gets two messages', async () => {
  const { id, live } = await prepareCampaign(stack, { message: 'kill {{name}}', interval: '0.3s' })
  await command(stack, id, 'start')
  for (const name of ['sender', 'campaign', 'nats', 'eventstore', 'reporting', 'gateway'] as const) {
    const before = (await received('kill ')).size
    await eventually(async () => (await received('kill ')).size >= Math.min(97, before + 3), {
      deadlineMs: 60_000,
      what: `messages to flow before ${name} is killed`,
    })
    await stack.kill(name)
  }
  await eventually(() => live.newest('completion_update'), {
    deadlineMs: 120_000,
    what: 'the campaign to complete',
  })
  await checkFates(id, 'kill ')
  await eventually(
    async () => {
      const { campaign } = await reportOf(stack, id)
      expect(live.newest('campaign_update')?.progress).toEqual(campaign.progress)
      return true
    },
    { what: 'feed and report to agree' },
  )
  live.close()
}, 240_000)

test("[A12] nats-server's store deleted in the middle: paused with stateLost, and no double after a resume", async () => {
  const { id, live } = await prepareCampaign(stack, { message: 'loss {{name}}', interval: '0.3s' })
  await command(stack, id, 'start')
  await eventually(async () => (await received('loss ')).size >= 5, {
    deadlineMs: 30_000,
    what: 'a few messages',
  })
  const pid = stack.file().pids.nats
  if (pid === undefined) throw new Error('nats is no process of this stack')
  process.kill(pid, 'SIGKILL')
  await rm(join(stack.data, 'nats/jetstream'), { recursive: true, force: true })
  await eventually(
    async () =>
      (await stack.call<{ campaign: { status: string } }>('GET', `/api/campaigns/${id}`)).body.campaign
        .status === 'PAUSED',
    { deadlineMs: 60_000, what: 'the campaign to be paused' },
  )
  const isTold = () =>
    live.messages.some(
      ({ type, data }) =>
        type === 'status_update' && JSON.stringify(data).includes('records of sends were lost'),
    )
  await eventually(isTold, { deadlineMs: 20_000, what: 'the reason to be told' })
  await linkNumber(stack, id, live)
  await command(stack, id, 'resume')
  await eventually(() => live.newest('completion_update'), {
    deadlineMs: 120_000,
    what: 'the campaign to complete',
  })
  const totals = await checkFates(id, 'loss ')
  expect(totals.unconfirmed).toBeGreaterThan(0)
  live.close()
}, 240_000)
