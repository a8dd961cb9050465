import { describe, expect, test } from '@jest/globals'
import { epochSchema, type OutcomeEvent, type RecipientState, totalsOfPending } from '@peyk/contracts'

import { foldStates, isTaken } from './recipient-states.ts'

const epoch = epochSchema.parse('e')
const totals = totalsOfPending(0)
const at = '2024-01-01T00:00:00.000Z'
const recorded = (...states: readonly [position: number, state: Exclude<RecipientState, 'pending'>][]) =>
  ({
    type: 'OutcomesRecorded',
    data: {
      epoch,
      toSeq: 1,
      totals,
      outcomes: states.map(([position, state]) => ({ position, state, attempt: 1, at })),
    },
  }) satisfies OutcomeEvent
const fold = async (...events: OutcomeEvent[]) => {
  const stateOf = await foldStates(
    (async function* () {
      yield* await Promise.resolve(events)
    })(),
  )
  return [1, 2, 3].map(stateOf)
}

test('the newest outcome counts, without one a recipient is pending', async () =>
  expect(await fold(recorded([1, 'sent'], [2, 'failed']), recorded([1, 'read']))).toEqual([
    'read',
    'failed',
    'pending',
  ]))
test('a cancel skips the rest', async () =>
  expect(
    await fold(recorded([1, 'sent']), {
      type: 'RestSkipped',
      data: { reason: 'cancelled', unconfirmed: [2], at, totals },
    }),
  ).toEqual(['sent', 'unconfirmed', 'skipped']))
test('what was lost is unconfirmed', async () =>
  expect(
    await fold(recorded([1, 'sent']), { type: 'OutcomesLost', data: { epoch, toPosition: 2, at, totals } }),
  ).toEqual(['sent', 'unconfirmed', 'pending']))

describe('a duplicate takes', () => {
  const states: readonly RecipientState[] = [
    'pending',
    'sent',
    'delivered',
    'replied',
    'failed',
    'unconfirmed',
  ]
  test.each([
    ['none', []],
    ['all', states],
    ['failed', ['failed']],
    ['notDelivered', ['pending', 'sent', 'failed', 'unconfirmed']],
    ['notReplied', ['pending', 'sent', 'delivered', 'failed', 'unconfirmed']],
  ] as const)('%s', (which, taken) => expect(states.filter((state) => isTaken(which, state))).toEqual(taken))
})
