// Thirty days of three fresh numbers and ten campaigns, in seconds.
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { type SimulatedCampaign, type SimulatedSend, simulateNumber } from '../testing/simulated-number.ts'
import { chances, most } from '../testing/pacing-checks.ts'
import { DAY_MS, HOUR_MS, type Limits, MINUTE_MS, newContactCap, presets } from './limits.ts'

const START = Date.UTC(2024, 0, 1)
const MONTH_MS = 30 * DAY_MS
const CAMPAIGNS = 10
const numbers: readonly Limits[] = [presets.conservative, presets.moderate, presets.aggressive]

/** A campaign as its tenant made it: its recipients are spread over all numbers, each keeps its own. */
const campaignArbitrary = fc.record({
  intervalMs: fc.constantFrom(5_000, 10_000, 20_000, 60_000),
  startsOnDay: fc.integer({ min: 0, max: 10 }),
  pausedHours: fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 24 })), {
    maxLength: 3,
  }),
  recipients: fc.integer({ min: 100, max: 2_400 }),
  /** Where its list begins among all people: lists overlap, so some are known from another campaign. */
  from: fc.integer({ min: 0, max: 8_000 }),
})
const campaignsArbitrary = fc.array(campaignArbitrary, { minLength: CAMPAIGNS, maxLength: CAMPAIGNS })
type Wish = typeof campaignsArbitrary extends fc.Arbitrary<readonly (infer Each)[]> ? Each : never

const campaignOn = (wish: Wish, campaignId: number, number: number): SimulatedCampaign => ({
  campaignId,
  intervalMs: wish.intervalMs,
  startsAtMs: START + wish.startsOnDay * DAY_MS,
  pauses: wish.pausedHours.map(([at, hours]) => [START + at * HOUR_MS, START + (at + hours) * HOUR_MS]),
  recipients: recipientsOf(wish).filter((phone) => phone % numbers.length === number),
})
const recipientsOf = ({ from, recipients }: Wish): number[] =>
  Array.from({ length: recipients }, (_, index) => from + index)

const expectCapsKept = (sent: readonly SimulatedSend[], limits: Limits) => {
  const times = sent.map(({ atMs }) => atMs)
  expect(most(times, MINUTE_MS)).toBeLessThanOrEqual(limits.perMinute)
  expect(most(times, HOUR_MS)).toBeLessThanOrEqual(limits.perHour)
  expect(most(times, DAY_MS)).toBeLessThanOrEqual(limits.perDay)
  const toNew = sent.filter(({ toNewContact }) => toNewContact).map(({ atMs }) => atMs)
  for (let day = 0; day < 30; day += 1) {
    const until = toNew.filter(
      (atMs) => atMs < START + (day + 1) * DAY_MS && atMs >= START + (day - 1) * DAY_MS,
    )
    expect(most(until, DAY_MS)).toBeLessThanOrEqual(newContactCap(limits, day * DAY_MS))
  }
}

/** While a campaign might send, each other one of its number goes before it at most once (P3); so long as one sender has it. */
const expectNobodyPassedTwice = (sent: readonly SimulatedSend[]) => {
  const passedBy = new Map<number, Set<number>>()
  let epoch = 0
  for (const { campaignId, mightHave, takeovers } of sent) {
    if (takeovers > epoch) passedBy.clear()
    epoch = takeovers
    passedBy.delete(campaignId)
    for (const waiting of mightHave) {
      if (waiting === campaignId) continue
      const others = passedBy.get(waiting) ?? new Set()
      expect(others.has(campaignId)).toBe(false)
      passedBy.set(waiting, others.add(campaignId))
    }
  }
}

describe('a month of three numbers and ten campaigns', () => {
  test('[P1] [P3] [P4] [P5] [P6] [P10] no cap is passed, every recipient is served once, nobody starves', () => {
    fc.assert(
      fc.property(campaignsArbitrary, fc.integer({ min: 1, max: 1e6 }), (wishes, seed) => {
        const sent = numbers.map((limits, number) => {
          const ofNumber = simulateNumber({
            rules: { limits, minimumIntervalMs: 5_000 },
            campaigns: wishes.map((wish, index) => campaignOn(wish, index + 1, number)),
            startMs: START,
            durationMs: MONTH_MS,
            chance: chances(seed + number),
          })
          expectCapsKept(ofNumber, limits)
          expectNobodyPassedTwice(ofNumber)
          return ofNumber
        })
        for (const [index, wish] of wishes.entries()) {
          const served = sent.flat().filter(({ campaignId }) => campaignId === index + 1)
          expect(served.map(({ phone }) => phone).toSorted((a, b) => a - b)).toEqual(recipientsOf(wish))
        }
      }),
      { numRuns: 2, endOnFailure: true },
    )
  })
})
