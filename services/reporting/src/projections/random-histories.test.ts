import { describe, expect, test } from '@jest/globals'
import { progressOf, type RecipientState, tenantIdSchema, totalsOfPending } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import fc from 'fast-check'

import { reportOf } from '../reports/report.ts'
import { reportingQueries } from '../store/queries.ts'
import { tenantQueries } from '../store/tenant-queries.ts'
import { campaignId } from '../testing/events.ts'
import { histories } from '../testing/random-history.ts'
import { dumpOf, rowsOf } from '../testing/rows.ts'

const RUNS = 40
const acme = tenantIdSchema.parse('acme')
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

const totalsOf = (states: Iterable<RecipientState>) => {
  const totals = totalsOfPending(0)
  for (const state of states) totals[state] += 1
  return totals
}

/** Batches of these sizes, again and again. */
const inBatches = (events: readonly RecordedEvent[], sizes: readonly number[]) => {
  const batches: RecordedEvent[][] = []
  for (let first = 0; first < events.length; first += batches.at(-1)?.length ?? 1)
    batches.push(events.slice(first, first + (sizes[batches.length % sizes.length] ?? 1)))
  return batches
}
const sizes = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 })

describe('random histories', () => {
  test('totals are the sum of the parts', () => {
    fc.assert(
      fc.property(histories(), sizes, ({ events, total, states }, batchSizes) => {
        const readModel = rowsOf(inBatches(events, batchSizes))
        const queries = reportingQueries(readModel.database)
        const campaign = queries.campaign(campaignId)
        if (campaign === undefined) throw new Error('no campaign')
        const report = reportOf(campaign, queries)
        const people = [...queries.everyRecipient(campaignId)]
        const { sent } = progressOf(totalsOf(states.values()))

        expect(people.map(({ state }) => state)).toEqual([...states.values()])
        expect(sum(Object.values(totalsOf(states.values())))).toBe(total)
        for (const state of ['failed', 'skipped', 'unconfirmed'] as const) {
          const counted = sum(report.reasons.filter((each) => each.state === state).map(({ count }) => count))
          expect(counted).toBe(people.filter((each) => each.state === state).length)
        }
        expect(sum(report.numbers.map((number) => number.sent))).toBe(sent)
        expect(people.filter(({ sentAt }) => sentAt !== null)).toHaveLength(sent)
        readModel.close()
      }),
      { numRuns: RUNS },
    )
  })

  test('the totals of the ledger are those of the rows after each of its events', () => {
    fc.assert(
      fc.property(histories(), ({ events }) => {
        const last = events.findLastIndex(({ type }) => type.startsWith('Outcomes') || type === 'RestSkipped')
        const readModel = rowsOf([events.slice(0, last + 1)])
        const queries = reportingQueries(readModel.database)
        const people = [...queries.everyRecipient(campaignId)].map(({ state }) => state)
        if (last >= 0) expect(queries.campaign(campaignId)?.totals).toEqual(totalsOf(people))
        readModel.close()
      }),
      { numRuns: RUNS },
    )
  })

  test('days and numbers have each step once, however often and in which batches events come', () => {
    fc.assert(
      fc.property(histories(), sizes, ({ events }, batchSizes) => {
        const once = rowsOf([events])
        const twice = rowsOf(inBatches(events, batchSizes), 2)
        expect(dumpOf(twice)).toEqual(dumpOf(once))
        const tenant = tenantQueries(once.database)
        const days = tenant.usage(acme, '2000-01-01', '2100-01-01')
        const sent = sum(days.map((day) => day.sent))
        expect(sent).toBeGreaterThanOrEqual(sum(tenant.numbers(acme, undefined).map((number) => number.sent)))
        for (const day of days)
          expect(
            Math.min(...(Object.values(day).filter(Number.isInteger) as number[])),
          ).toBeGreaterThanOrEqual(0)
        once.close()
        twice.close()
      }),
      { numRuns: RUNS },
    )
  })
})
