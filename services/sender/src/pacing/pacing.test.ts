import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { chances, most } from '../testing/pacing-checks.ts'
import { DAY_MS, HOUR_MS, type Limits, MINUTE_MS, newContactCap, presets } from './limits.ts'
import {
  countSend,
  drawInterval,
  earliestSend,
  nextTurn,
  type NumberPace,
  openingPace,
  type PacingRules,
  rest,
  timelock,
} from './pacing.ts'

const start = Date.UTC(2024, 0, 1)
const old = start - 30 * DAY_MS
const free: PacingRules = { limits: undefined, minimumIntervalMs: 5_000 }
const paced: PacingRules = { limits: presets.moderate, minimumIntervalMs: 5_000 }
const known = (campaignId: number) => ({ campaignId, toNewContact: false })
const stranger = (campaignId: number) => ({ campaignId, toNewContact: true })

interface Campaign {
  readonly campaignId: number
  readonly intervalMs: number
  readonly newEvery: number
}

/** Lets campaigns that never run dry send through one number for so long. */
const simulate = (
  rules: PacingRules,
  campaigns: readonly Campaign[],
  durationMs: number,
  options: { readonly linkedAtMs?: number; readonly chance: () => number },
) => {
  const sent: { atMs: number; campaignId: number; toNewContact: boolean }[] = []
  const next = new Map(campaigns.map(({ campaignId }) => [campaignId, 0]))
  let pace: NumberPace = openingPace(options.linkedAtMs ?? old, [], rules)
  for (let nowMs = start; nowMs < start + durationMs;) {
    const candidates = campaigns.map(({ campaignId, newEvery }) => ({
      campaignId,
      toNewContact: next.get(campaignId)! % newEvery === 0,
    }))
    const turn = nextTurn(pace, rules, candidates, nowMs)
    if (!turn.go) {
      nowMs += turn.waitMs
      continue
    }
    const { intervalMs } = campaigns.find(({ campaignId }) => campaignId === turn.campaignId)!
    const candidate = candidates.find(({ campaignId }) => campaignId === turn.campaignId)!
    pace = countSend(pace, rules, { ...candidate, intervalMs, chance: options.chance() }, nowMs)
    next.set(turn.campaignId, next.get(turn.campaignId)! + 1)
    sent.push({ atMs: nowMs, ...candidate })
  }
  return sent
}

const campaignsArbitrary = fc
  .array(
    fc.record({
      intervalMs: fc.integer({ min: 5_000, max: 60_000 }),
      newEvery: fc.integer({ min: 1, max: 5 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((all) => all.map((each, index): Campaign => ({ campaignId: index + 1, ...each })))

describe('the interval of a campaign', () => {
  test('[P2] is within 40 % of what was asked, and never below the minimum', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (ms, chance) => {
          const drawn = drawInterval(ms, 5_000, chance)
          expect(drawn).toBeGreaterThanOrEqual(Math.max(5_000, ms * 0.6))
          expect(drawn).toBeLessThanOrEqual(Math.max(5_000, ms * 1.4))
        },
      ),
    )
    expect([0, 0.5, 0.999].map((chance) => Math.round(drawInterval(5_000, 5_000, chance)))).toEqual([
      5_000, 5_000, 6_996,
    ])
  })
  test('[P3] holds nobody else', () => {
    const slow = countSend(
      openingPace(old, [], free),
      free,
      { ...known(1), intervalMs: 60_000, chance: 0.5 },
      start,
    )
    expect(nextTurn(slow, free, [known(1), known(2)], start)).toEqual({ go: true, campaignId: 2 })
    expect(nextTurn(slow, free, [known(1)], start)).toEqual({ go: false, waitMs: 60_000 })
  })
})

describe('caps', () => {
  test('[P4] [P5] no window ever holds more than the preset allows', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Limits>(...Object.values(presets)),
        campaignsArbitrary,
        fc.integer({ min: 1, max: 1e6 }),
        (limits, campaigns, seed) => {
          const sent = simulate({ limits, minimumIntervalMs: 5_000 }, campaigns, 26 * HOUR_MS, {
            chance: chances(seed),
          })
          const times = sent.map(({ atMs }) => atMs)
          expect(most(times, MINUTE_MS)).toBeLessThanOrEqual(limits.perMinute)
          expect(most(times, HOUR_MS)).toBeLessThanOrEqual(limits.perHour)
          expect(most(times, DAY_MS)).toBeLessThanOrEqual(limits.perDay)
          const toNew = sent.filter(({ toNewContact }) => toNewContact).map(({ atMs }) => atMs)
          expect(most(toNew, DAY_MS)).toBeLessThanOrEqual(limits.newContactsPerDay)
        },
      ),
      { numRuns: 6 },
    )
  })
  test('[P1] [P4] are shared by the campaigns of a number', () => {
    const ten = Array.from({ length: 10 }, (_, index) => ({
      campaignId: index + 1,
      intervalMs: 5_000,
      newEvery: 1_000,
    }))
    const sent = simulate(paced, ten, HOUR_MS, { chance: chances(1) })
    expect(sent).toHaveLength(300)
    expect(new Set(sent.slice(0, 10).map(({ campaignId }) => campaignId)).size).toBe(10)
  })
  test('[P9] off: only the intervals stay', () => {
    const sent = simulate(free, [{ campaignId: 1, intervalMs: 5_000, newEvery: 1 }], HOUR_MS, {
      chance: () => 0.5,
    })
    expect(sent).toHaveLength(720)
  })
  test('[P6] a fresh number warms up', () => {
    const caps = [0, 1, 2, 3, 4, 5, 6, 7].map((day) => newContactCap(presets.aggressive, day * DAY_MS))
    expect(caps).toEqual([20, 36, 64, 116, 209, 377, 680, 2_000])
    expect(newContactCap(presets.conservative, 6 * DAY_MS)).toBe(400)
    const sent = simulate(paced, [{ campaignId: 1, intervalMs: 5_000, newEvery: 1 }], DAY_MS, {
      linkedAtMs: start,
      chance: chances(3),
    })
    expect(sent).toHaveLength(20)
  })
})

describe('fairness', () => {
  test('[P3] campaigns that ask for the same get about the same, whatever the caps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 1e6 }), (count, seed) => {
        const campaigns = Array.from({ length: count }, (_, index) => ({
          campaignId: index + 1,
          intervalMs: 10_000,
          newEvery: 1_000,
        }))
        const sent = simulate(paced, campaigns, 6 * HOUR_MS, { chance: chances(seed) })
        const counts = campaigns.map(
          ({ campaignId }) => sent.filter((send) => send.campaignId === campaignId).length,
        )
        expect(Math.min(...counts)).toBeGreaterThan(0.5 * Math.max(...counts))
      }),
      { numRuns: 5 },
    )
  })
})

describe('locks and rests', () => {
  const pace = openingPace(old, [], paced)
  test('[P7] a timelock holds new contacts, and them alone', () => {
    const locked = timelock(pace, start + HOUR_MS)
    expect(nextTurn(locked, paced, [stranger(1), known(2)], start)).toEqual({ go: true, campaignId: 2 })
    expect(earliestSend(locked, paced, stranger(1), start)).toBe(start + HOUR_MS)
  })
  test('[P8] a rest holds everything; [P11] the wait is told in pieces of a minute', () => {
    const resting = rest(pace, start + HOUR_MS)
    expect(nextTurn(resting, free, [stranger(1), known(2)], start)).toEqual({ go: false, waitMs: MINUTE_MS })
    expect(nextTurn(resting, free, [known(2)], start + HOUR_MS)).toEqual({ go: true, campaignId: 2 })
  })
  test('[P12] a number that was just taken over waits from its last send on', () => {
    const taken = openingPace(old, [{ atMs: start - 1_000, toNewContact: false }], paced)
    expect(nextTurn(taken, paced, [known(1)], start)).toEqual({ go: false, waitMs: 4_000 })
  })
})
