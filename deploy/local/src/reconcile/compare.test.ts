import { describe, expect, test } from '@jest/globals'
import { outcomeEventSchema, type RecipientState, type Totals, totalsOfPending } from '@peyk/contracts'

import { type Ack, differencesOf, type Sides } from './compare.ts'

const at = '2024-01-01T10:00:00.000Z'
const totals = (changes: Partial<Totals>): Totals => ({ ...totalsOfPending(0), ...changes })
const acked = (position: number, state: RecipientState): Ack => ({ position, state, attempt: 1 })
const recorded = (outcomes: readonly Ack[], after: Totals) =>
  outcomeEventSchema.parse({
    type: 'OutcomesRecorded',
    data: { epoch: 'e', toSeq: 1, outcomes: outcomes.map((each) => ({ ...each, at })), totals: after },
  })

/** One delivered, one sent, one pending: all three say the same. */
const equal: Sides = {
  report: {
    totals: totals({ delivered: 1, sent: 1, pending: 1 }),
    states: new Map([
      [1, 'delivered'],
      [2, 'sent'],
      [3, 'pending'],
    ]),
  },
  ledger: [
    recorded([acked(1, 'sent'), acked(2, 'sent')], totals({ sent: 2, pending: 1 })),
    recorded([acked(1, 'delivered')], totals({ delivered: 1, sent: 1, pending: 1 })),
  ],
  acks: [acked(1, 'sent'), acked(2, 'sent'), acked(1, 'delivered')],
  areAcksWhole: true,
}
const stateOf = (position: number, state: RecipientState) => ({
  ...equal.report,
  states: new Map(equal.report.states).set(position, state),
})

describe('a campaign is reconciled', () => {
  test('nothing differs', () => expect(differencesOf(equal)).toEqual([]))

  const cases: [string, Partial<Sides>, readonly string[]][] = [
    [
      'a recipient of the report is elsewhere in the ledger',
      { report: { ...stateOf(2, 'read'), totals: totals({ delivered: 1, read: 1, pending: 1 }) } },
      ['recipient 2: read in the report, sent in the ledger'],
    ],
    [
      'totals of the report are not those of its recipients',
      { report: { ...equal.report, totals: totals({ delivered: 2, sent: 0, pending: 1 }) } },
      ['sent: the report says 0, its recipients are 1', 'delivered: the report says 2, its recipients are 1'],
    ],
    [
      'totals of the ledger are not those of its outcomes',
      {
        ledger: [
          ...equal.ledger.slice(0, 1),
          recorded([acked(1, 'delivered')], totals({ delivered: 1, sent: 2 })),
        ],
      },
      ['pending: the ledger says 0, its outcomes are 1', 'sent: the ledger says 2, its outcomes are 1'],
    ],
    [
      'an ack that never came into the ledger',
      { acks: [...equal.acks, acked(3, 'sent')] },
      ['recipient 3: sent by the session, pending in the ledger'],
    ],
    [
      'a state that no session ever said',
      { acks: equal.acks.slice(0, 2) },
      ['recipient 1: delivered in the ledger, the session never said so'],
    ],
    ['acks that are too old to be kept are not missed', { acks: [], areAcksWhole: false }, []],
  ]
  test.each(cases)('%s', (_name, changed, differences) => {
    expect(differencesOf({ ...equal, ...changed })).toEqual(differences)
  })

  test('a cancel and a loss settle who was open', () => {
    const lost = {
      type: 'OutcomesLost',
      data: { epoch: 'f', toPosition: 1, at, totals: totals({ unconfirmed: 1, pending: 2 }) },
    }
    const rest = {
      type: 'RestSkipped',
      data: { reason: 'cancelled', unconfirmed: [2], at, totals: totals({ unconfirmed: 2, skipped: 1 }) },
    }
    const states = new Map<number, RecipientState>([
      [1, 'unconfirmed'],
      [2, 'unconfirmed'],
      [3, 'skipped'],
    ])
    const report = { totals: totals({ unconfirmed: 2, skipped: 1 }), states }
    const ledger = [lost, rest].map((event) => outcomeEventSchema.parse(event))
    expect(differencesOf({ report, ledger, acks: [], areAcksWhole: true })).toEqual([])
  })
})
