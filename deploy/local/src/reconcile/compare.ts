// What a report says of a campaign, what its ledger holds, and what the sessions said, side by side. Pure.
import {
  movesForward,
  type OutcomeEvent,
  type RecipientState,
  totalsOfPending,
  type Totals,
} from '@peyk/contracts'

/** A session's word on one send. */
export interface Ack {
  readonly position: number
  readonly attempt: number
  readonly state: RecipientState
}

export interface Sides {
  readonly report: { readonly totals: Totals; readonly states: ReadonlyMap<number, RecipientState> }
  readonly ledger: readonly OutcomeEvent[]
  readonly acks: readonly Ack[]
  /** Every ack since the start is there: none is too old to be kept. */
  readonly areAcksWhole: boolean
}

interface Recipient {
  readonly state: RecipientState
  readonly attempt: number
}
type Ledger = ReadonlyMap<number, Recipient>

/** One sentence a difference; none: every figure of the report is proved. */
export const differencesOf = ({ report, ledger, acks, areAcksWhole }: Sides): readonly string[] => {
  const recipients = replay(ledger, report.states.keys())
  return [
    ...differingTotals('the report', report.totals, 'its recipients', totalsOf(report.states.values())),
    ...differingTotals('the ledger', totalsIn(ledger), 'its outcomes', totalsOfLedger(recipients)),
    ...unlikeTheLedger(report.states, recipients),
    ...notInLedger(acks, recipients),
    ...(areAcksWhole ? withoutAck(recipients, acks) : []),
  ]
}

/** The ledger's events, taken in order, forward only (G1). */
const replay = (events: readonly OutcomeEvent[], positions: Iterable<number>): Ledger => {
  const recipients = new Map<number, Recipient>()
  for (const position of positions) recipients.set(position, { state: 'pending', attempt: 0 })
  const end = (state: RecipientState, isMeant: (position: number) => boolean) => {
    for (const [position, known] of recipients)
      if (known.state === 'pending' && isMeant(position))
        recipients.set(position, { state, attempt: Math.max(1, known.attempt) })
  }
  for (const { type, data } of events) {
    switch (type) {
      case 'OutcomesRecorded':
        for (const { position, state, attempt } of data.outcomes)
          if (isNews(recipients.get(position), { state, attempt }))
            recipients.set(position, { state, attempt })
        break
      case 'RecipientsReopened':
        for (const position of data.positions)
          recipients.set(position, { state: 'pending', attempt: data.attempt })
        break
      case 'RestSkipped':
        end('unconfirmed', (position) => data.unconfirmed.includes(position))
        end('skipped', () => true)
        break
      case 'OutcomesLost':
        end('unconfirmed', (position) => position <= data.toPosition)
        break
      case 'RecipientsDispatched':
    }
  }
  return recipients
}

const isNews = (known: Recipient | undefined, { state, attempt }: Recipient): boolean =>
  known === undefined ||
  attempt > known.attempt ||
  (attempt === known.attempt && movesForward(known.state, state))

const totalsOf = (states: Iterable<RecipientState>): Totals => {
  const totals = totalsOfPending(0)
  for (const state of states) totals[state] += 1
  return totals
}
const totalsOfLedger = (ledger: Ledger) => totalsOf(Array.from(ledger.values(), ({ state }) => state))

/** Undefined before the first outcome. */
const totalsIn = (events: readonly OutcomeEvent[]): Totals | undefined => {
  const last = events.findLast(({ type }) => type !== 'RecipientsDispatched')
  return last === undefined || last.type === 'RecipientsDispatched' ? undefined : last.data.totals
}

const differingTotals = (
  who: string,
  said: Totals | undefined,
  parts: string,
  counted: Totals,
): readonly string[] =>
  (Object.keys(counted) as RecipientState[])
    .filter((state) => said !== undefined && said[state] !== counted[state])
    .map((state) => `${state}: ${who} says ${said?.[state]}, ${parts} are ${counted[state]}`)

const unlikeTheLedger = (states: ReadonlyMap<number, RecipientState>, ledger: Ledger): readonly string[] =>
  Array.from(ledger)
    .filter(([position, { state }]) => states.get(position) !== state)
    .map(([position, { state }]) => {
      const reported = states.get(position)
      return reported === undefined
        ? `recipient ${position}: ${state} in the ledger, not in the report`
        : `recipient ${position}: ${reported} in the report, ${state} in the ledger`
    })

const notInLedger = (acks: readonly Ack[], ledger: Ledger): readonly string[] =>
  acks
    .filter((ack) => isNews(ledger.get(ack.position), ack))
    .map(({ position, state }) => {
      const known = ledger.get(position)?.state ?? 'nobody'
      return `recipient ${position}: ${state} by the session, ${known} in the ledger`
    })

const PROVED: readonly RecipientState[] = ['sent', 'delivered', 'read', 'failed']

const withoutAck = (ledger: Ledger, acks: readonly Ack[]): readonly string[] => {
  const said = new Map<number, Set<RecipientState>>()
  for (const { position, state } of acks) said.set(position, (said.get(position) ?? new Set()).add(state))
  return Array.from(ledger)
    .filter(([position, { state }]) => PROVED.includes(state) && said.get(position)?.has(state) !== true)
    .map(
      ([position, { state }]) => `recipient ${position}: ${state} in the ledger, the session never said so`,
    )
}
