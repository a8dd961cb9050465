// Killed many times at random moments: no double, nobody forgotten.
//
// A run with more kills, by hand: `KILLS=50 SEED=7 npm run test:faults -- services/sender/src/sender.faults` (20
// recipients for each kill, so 50 kills are a campaign of 1,000; about 4 s a kill).
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { startRun } from './testing/campaign-side.ts'
import {
  expectNoDoubles,
  type Installation,
  range,
  startInstallation,
  untilSettled,
} from './testing/installation.ts'
import { chances } from './testing/pacing-checks.ts'

const KILLS = Number(process.env['KILLS'] ?? 10)
const SEED = Number(process.env['SEED'] ?? Date.now() % 100_000)
const RECIPIENTS = KILLS * 20

let peyk: Installation

beforeAll(async () => {
  peyk = await startInstallation()
}, 60_000)
afterAll(async () => {
  await peyk.reset()
  await peyk.close()
}, 60_000)

test(
  `[L1] [L3] ${KILLS} SIGKILLs at random moments (SEED=${SEED}): nobody twice, nobody forgotten`,
  async () => {
    const chance = chances(SEED)
    const starting = [peyk.startSender()]
    const { sessionId, own } = await peyk.link()
    // Jobs of a sender that is gone come again soon, and jobs of one that lives sometimes too: they meet their intent.
    const run = await startRun(peyk.world, sessionId, { intervalMs: 20 }, { ackWaitMs: 1_000 })
    const positions = range(1, RECIPIENTS)
    await run.publish(positions)
    starting.push(peyk.startSender())
    for (let kill = 1; kill <= KILLS; kill += 1) {
      starting.push(peyk.startSender())
      const before = (await run.outcomes()).length
      const until = Math.min(before + Math.ceil(chance() * 15), RECIPIENTS - 1)
      await eventually(async () => (await run.outcomes()).length >= until, {
        deadlineMs: 60_000,
        what: `${until} outcomes before kill ${kill}`,
      })
      await new Promise((resolve) => setTimeout(resolve, chance() * 50))
      await peyk.killOwner(sessionId)
    }
    await Promise.all(starting)
    await untilSettled(run, positions)
    const figures = await expectNoDoubles(peyk, run, positions, KILLS)
    if (process.env['KILLS'] !== undefined) process.stdout.write(`${JSON.stringify(figures)}\n`)
    expect((await peyk.control.sockets(own)).maxOpen).toBe(1)
  },
  120_000 + KILLS * 20_000,
)
