// The ledger as rows: what became of each recipient, and the totals of the campaign. An outcome moves its recipient only
// forward, as in the ledger (L5), and what is counted is the move: an event that comes twice counts once.
// The outcomes of a batch are gathered, and each recipient that they touch is read once and written once.
import {
  type CampaignId,
  movesForward,
  type OutcomeEvent,
  type RecordedOutcome,
  type Totals,
} from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { campaignIdOf } from './stream-id.ts'
import type { Kind, Step, Tallies } from './tallies.ts'
import { rowsWriter } from './write-rows.ts'

type Outcome = Omit<RecordedOutcome, 'ref'>

/** When each rung of the ladder was reached. */
type Times = readonly (number | null)[]

interface Recipient extends Kind {
  readonly attempt: number
  readonly times: Times
}

/** Of one campaign, in the order of their events, and the totals after the last of them. */
interface Gathered {
  readonly tenant: string
  readonly outcomes: Outcome[]
  totals: Totals
}

export interface OutcomesOfBatch {
  readonly add: (recorded: RecordedEvent, event: OutcomeEvent) => void
  /** Everything that was added is in the rows. */
  readonly write: () => void
}

export const outcomeProjection = (database: ReadModelDatabase) => {
  const rows = outcomeRows(database)
  const reopen = outcomeReopener(database)
  const open = openPositions(database)
  const attempt = database
    .prepare<[number, number], number>('select attempt from outcomes where campaign_id = ? and position = ?')
    .pluck()
  const setTotals = database.prepare('update campaigns set totals = ? where campaign_id = ?')
  return (tallies: Tallies): OutcomesOfBatch => {
    const campaigns = new Map<CampaignId, Gathered>()
    const write = () => {
      for (const [id, { tenant, outcomes, totals }] of campaigns) {
        const before = rows.read(id, new Set(outcomes.map(({ position }) => position)))
        rows.write(id, moveAll({ id, tenant, tallies }, before, outcomes))
        setTotals.run(JSON.stringify(totals), id)
      }
      campaigns.clear()
    }
    const add = ({ streamName, metadata }: RecordedEvent, event: OutcomeEvent) => {
      if (event.type === 'RecipientsDispatched') return
      const id = campaignIdOf(streamName)
      // Who is open is asked of the rows.
      if (event.type !== 'OutcomesRecorded') write()
      const { totals } = event.data
      const tenant = String(metadata['tenant'])
      const gathered = campaigns.get(id) ?? { tenant, outcomes: [], totals }
      campaigns.set(id, gathered)
      gathered.totals = totals
      if (event.type === 'RecipientsReopened') {
        reopen(id, tallies, event.data)
        return
      }
      for (const outcome of outcomesOf(
        event,
        (to) => open(id, to),
        (position) => attempt.get(id, position) ?? 1,
      ))
        gathered.outcomes.push(outcome)
    }
    return { add, write }
  }
}

type Reopened = Extract<OutcomeEvent, { type: 'RecipientsReopened' }>['data']

type OpenTo = (to?: number) => readonly number[]

const outcomesOf = (
  { type, data }: Exclude<OutcomeEvent, { type: 'RecipientsDispatched' | 'RecipientsReopened' }>,
  open: OpenTo,
  attemptOf: (position: number) => number,
): readonly Outcome[] => {
  const end = (positions: readonly number[], outcome: Omit<Outcome, 'position' | 'attempt'>) =>
    positions.map((position) => ({ ...outcome, position, attempt: attemptOf(position) }))
  switch (type) {
    case 'OutcomesRecorded':
      return data.outcomes
    case 'RestSkipped': {
      const unconfirmed = new Set(data.unconfirmed)
      const rest = open().filter((position) => !unconfirmed.has(position))
      return [
        ...end(data.unconfirmed, { state: 'unconfirmed', reason: 'no_ack', at: data.at }),
        ...end(rest, { state: 'skipped', reason: 'cancelled', at: data.at }),
      ]
    }
    case 'OutcomesLost':
      return end(open(data.toPosition), { state: 'unconfirmed', reason: 'no_ack', at: data.at })
  }
}

/** The positions of the list, up to `to`, that have no outcome yet. */
const openPositions = (database: ReadModelDatabase) => {
  const total = database
    .prepare<[number], number>('select total from campaigns where campaign_id = ?')
    .pluck()
  const settled = database
    .prepare<[number, number], number>(
      'select position from outcomes where campaign_id = ? and position <= ?',
    )
    .pluck()
  return (id: CampaignId, to = Number.MAX_SAFE_INTEGER): readonly number[] => {
    const length = Math.min(to, total.get(id) ?? 0)
    const known = new Set(settled.all(id, length))
    return Array.from({ length }, (_, index) => index + 1).filter((position) => !known.has(position))
  }
}

interface Scope {
  readonly id: CampaignId
  readonly tenant: string
  readonly tallies: Tallies
}

/** Those that were moved, by their positions, as they are now. */
const moveAll = (
  { id, tenant, tallies }: Scope,
  before: ReadonlyMap<number, Recipient>,
  outcomes: readonly Outcome[],
): ReadonlyMap<number, Recipient> => {
  const moved = new Map<number, Recipient>()
  for (const outcome of outcomes) {
    const known = moved.get(outcome.position) ?? before.get(outcome.position)
    if (known !== undefined && !isNews(known, outcome)) continue
    const atMs = Date.parse(outcome.at)
    const recipient = recipientAfter(known, outcome, atMs)
    moved.set(outcome.position, recipient)
    const from = known?.attempt === outcome.attempt ? known.state : 'pending'
    for (const step of stepsBetween(from, outcome.state)) {
      tallies.reached(tenant, atMs, recipient.sessionId, step)
      if (step === 'sent') tallies.sent(id, atMs)
    }
  }
  for (const [position, recipient] of moved) {
    const known = before.get(position)
    if (known !== undefined) tallies.count(id, known, -1)
    tallies.count(id, recipient, 1)
  }
  return moved
}

/** Whoever is sent to once more has no outcome until then. */
const outcomeReopener = (database: ReadModelDatabase) => {
  const take = database.prepare<[number, number, number], Kind>(
    `delete from outcomes where campaign_id = ? and position = ? and attempt < ?
     returning state, reason, session_id as sessionId`,
  )
  return (id: CampaignId, tallies: Tallies, { attempt, positions }: Reopened): void => {
    for (const position of positions) {
      const known = take.get(id, position, attempt)
      if (known !== undefined) tallies.count(id, known, -1)
    }
  }
}

const isNews = (known: Recipient, { attempt, state }: Outcome): boolean =>
  attempt > known.attempt || (attempt === known.attempt && movesForward(known.state, state))

const ladder: readonly Kind['state'][] = ['sent', 'delivered', 'read', 'replied']

/** A receipt may overtake another: who read has got it, and who got it was sent to. */
const stepsBetween = (from: Kind['state'], to: Outcome['state']): readonly Step[] => {
  if (to === 'attempted') return []
  const top = ladder.indexOf(to)
  return top < 0 ? [to] : (ladder.slice(ladder.indexOf(from) + 1, top + 1) as Step[])
}

const recipientAfter = (known: Recipient | undefined, outcome: Outcome, atMs: number): Recipient => {
  const { state, reason = null, attempt, sessionId = known?.sessionId ?? null } = outcome
  const top = ladder.indexOf(state)
  const earlier = known !== undefined && known.attempt === attempt ? known.times : []
  const times = ladder.map((_, rung) => earlier[rung] ?? (rung <= top ? atMs : null))
  return { state, reason, attempt, sessionId, times }
}

const timeColumns = ['sent_at', 'delivered_at', 'read_at', 'replied_at']

type RawOutcome = [number, Kind['state'], Kind['reason'], number, string | null, ...(number | null)[]]

const outcomeRows = (database: ReadModelDatabase) => {
  const columns = ['position', 'state', 'reason', 'attempt', 'session_id', ...timeColumns]
  const select = database
    .prepare<[number, string], RawOutcome>(
      `select ${columns.join(', ')} from outcomes
       where campaign_id = ? and position in (select value from json_each(?))`,
    )
    .raw()
  const put = rowsWriter(database, 'outcomes', ['campaign_id', ...columns])
  const read = (id: CampaignId, positions: ReadonlySet<number>): ReadonlyMap<number, Recipient> =>
    new Map(
      select
        .all(id, JSON.stringify([...positions]))
        .map(([position, state, reason, attempt, sessionId, ...times]) => [
          position,
          { state, reason, attempt, sessionId, times },
        ]),
    )
  const write = (id: CampaignId, recipients: ReadonlyMap<number, Recipient>): void =>
    put(
      Array.from(recipients, ([position, { state, reason, attempt, sessionId, times }]) => [
        id,
        position,
        state,
        reason,
        attempt,
        sessionId,
        ...times,
      ]),
    )
  return { read, write }
}
