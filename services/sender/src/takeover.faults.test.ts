// Two senders, one of them ends: its session goes on in the other, and nobody gets a message twice.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { startRun } from './testing/campaign-side.ts'
import {
  expectNoDoubles,
  type Installation,
  range,
  startInstallation,
  untilSettled,
} from './testing/installation.ts'

let peyk: Installation

beforeAll(async () => {
  peyk = await startInstallation()
}, 60_000)
afterEach(() => peyk.reset(), 60_000)
afterAll(() => peyk.close())

test('[L1] [S1] SIGKILL: another goes on in less than 30 s, with one socket, nobody twice and nobody forgotten', async () => {
  const owner = await peyk.startSender()
  const { sessionId, own } = await peyk.link()
  await peyk.startSender()
  const run = await startRun(peyk.world, sessionId, { intervalMs: 30 })
  const positions = range(1, 60)
  await run.publish(positions)
  await eventually(async () => (await run.outcomes()).length >= 20, { deadlineMs: 20_000 })
  const killedAt = performance.now()
  await owner.kill()
  await eventually(async () => (await peyk.told(sessionId, 'ready')) === 2, { deadlineMs: 30_000 })
  expect(performance.now() - killedAt).toBeLessThan(30_000)
  await untilSettled(run, positions)
  await expectNoDoubles(peyk, run, positions, 1)
  expect(await peyk.control.sockets(own)).toMatchObject({ open: 1, maxOpen: 1 })
}, 120_000)

test('[S10] SIGTERM: another has the session in less than 5 s, with one socket and nobody lost', async () => {
  const owner = await peyk.startSender()
  const { sessionId, own } = await peyk.link()
  await peyk.startSender()
  const run = await startRun(peyk.world, sessionId, { intervalMs: 30 })
  const positions = range(101, 140)
  await run.publish(positions)
  await eventually(async () => (await run.outcomes()).length >= 10, { deadlineMs: 20_000 })
  const stoppedAt = performance.now()
  const exit = owner.stop()
  await eventually(async () => (await peyk.told(sessionId, 'ready')) === 2)
  expect(performance.now() - stoppedAt).toBeLessThan(5_000)
  expect(await exit).toBe(0)
  await untilSettled(run, positions)
  await expectNoDoubles(peyk, run, positions, 0)
  expect(await peyk.control.sockets(own)).toMatchObject({ open: 1, maxOpen: 1 })
}, 120_000)
