// Frozen, and cut off from NATS: no double, nobody forgotten.
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

test('[S1] SIGSTOP of the owner until another has its session, then SIGCONT: never two sockets, no double', async () => {
  const owner = await peyk.startSender()
  const { sessionId, own } = await peyk.link()
  await peyk.startSender()
  const run = await startRun(peyk.world, sessionId, { intervalMs: 30 })
  const positions = range(1, 80)
  await run.publish(positions)
  await eventually(async () => (await run.outcomes()).length >= 20, { deadlineMs: 20_000 })
  owner.signal('SIGSTOP')
  await eventually(async () => (await peyk.told(sessionId, 'ready')) === 2, { deadlineMs: 60_000 })
  owner.signal('SIGCONT')
  await untilSettled(run, positions)
  await expectNoDoubles(peyk, run, positions, 1)
  expect(await peyk.control.sockets(own)).toMatchObject({ open: 1, maxOpen: 1 })
}, 180_000)

test('[S9] NATS is killed and comes back: nobody twice, nobody forgotten', async () => {
  await peyk.startSender()
  const { sessionId } = await peyk.link()
  const run = await startRun(peyk.world, sessionId, { intervalMs: 30 })
  const positions = range(101, 160)
  await run.publish(positions)
  await eventually(async () => (await run.outcomes()).length >= 20, { deadlineMs: 20_000 })
  await peyk.world.server.kill()
  await peyk.world.server.restart()
  await peyk.world.makeStreams()
  await untilSettled(run, positions)
  await expectNoDoubles(peyk, run, positions, 1)
}, 180_000)
