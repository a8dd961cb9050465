// The ledger as rows: what became of each recipient, and the totals of the campaign. An outcome moves its recipient only
// forward, as in the ledger (L5), and what is counted is the move: an event that comes twice counts once.
import { type CampaignId, movesForward, type OutcomeEvent, type RecordedOutcome } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { campaignIdOf } from './stream-id.ts'
import type { Kind, Step, Tallies } from './tallies.ts'

interface OutcomeRow extends Kind {
  readonly attempt: number
}

interface Scope {
  readonly id: CampaignId
  readonly tenant: string
  readonly tallies: Tallies
}

type Outcome = Omit<RecordedOutcome, 'ref'>

export const outcomeProjection = (database: ReadModelDatabase) => {
  const move = outcomeMover(database)
  const open = openPositions(database)
  const setTotals = database.prepare('update campaigns set totals = ? where campaign_id = ?')
  return (recorded: RecordedEvent, { type, data }: OutcomeEvent, tallies: Tallies): void => {
    if (type === 'RecipientsDispatched') return
    const id = campaignIdOf(recorded.streamName)
    const scope = { id, tenant: String(recorded.metadata['tenant']), tallies }
    const moveAll = (positions: readonly number[], end: Omit<Outcome, 'position' | 'attempt'>) => {
      for (const position of positions) move(scope, { ...end, position, attempt: 1 })
    }
    switch (type) {
      case 'OutcomesRecorded':
        for (const outcome of data.outcomes) move(scope, outcome)
        break
      case 'RestSkipped':
        moveAll(data.unconfirmed, { state: 'unconfirmed', reason: 'no_ack', at: data.at })
        moveAll(open(id), { state: 'skipped', reason: 'cancelled', at: data.at })
        break
      case 'OutcomesLost':
        moveAll(open(id, data.toPosition), { state: 'unconfirmed', reason: 'no_ack', at: data.at })
    }
    setTotals.run(JSON.stringify(data.totals), id)
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

const outcomeMover = (database: ReadModelDatabase) => {
  const find = database.prepare<[number, number], OutcomeRow>(
    'select state, reason, attempt, session_id as sessionId from outcomes where campaign_id = ? and position = ?',
  )
  const put = outcomePutter(database)
  return (scope: Scope, outcome: Outcome): void => {
    const { id, tallies } = scope
    const known = find.get(id, outcome.position)
    if (known !== undefined && !isNews(known, outcome)) return
    const atMs = Date.parse(outcome.at)
    const sessionId = outcome.sessionId ?? known?.sessionId ?? null
    const { state, reason = null } = outcome
    put(id, outcome, sessionId, atMs)
    if (known !== undefined) tallies.count(id, known, -1)
    tallies.count(id, { state, reason, sessionId }, 1)
    const before = known !== undefined && known.attempt === outcome.attempt ? known.state : 'pending'
    for (const step of stepsBetween(before, state)) {
      tallies.reached(scope.tenant, atMs, sessionId, step)
      if (step === 'sent') tallies.sent(id, atMs)
    }
  }
}

const isNews = (known: OutcomeRow, { attempt, state }: Outcome): boolean =>
  attempt > known.attempt || (attempt === known.attempt && movesForward(known.state, state))

const ladder: readonly Kind['state'][] = ['sent', 'delivered', 'read', 'replied']

/** A receipt may overtake another: who read has got it, and who got it was sent to. */
const stepsBetween = (from: Kind['state'], to: Outcome['state']): readonly Step[] => {
  if (to === 'attempted') return []
  const top = ladder.indexOf(to)
  return top < 0 ? [to] : (ladder.slice(ladder.indexOf(from) + 1, top + 1) as Step[])
}

const outcomePutter = (database: ReadModelDatabase) => {
  const step = (column: string) =>
    `${column} = case when excluded.attempt > attempt then excluded.${column} else ifnull(${column}, excluded.${column}) end`
  const upsert = database.prepare(
    `insert into outcomes (campaign_id, position, state, reason, attempt, session_id,
       sent_at, delivered_at, read_at, replied_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict do update set state = excluded.state, reason = excluded.reason, session_id = excluded.session_id,
       ${['sent_at', 'delivered_at', 'read_at', 'replied_at'].map(step).join(', ')}, attempt = excluded.attempt`,
  )
  return (id: CampaignId, outcome: Outcome, sessionId: string | null, atMs: number): void => {
    const { position, state, reason = null, attempt } = outcome
    const top = ladder.indexOf(state)
    const times = ladder.map((_, rung) => (rung <= top ? atMs : null))
    upsert.run(id, position, state, reason, attempt, sessionId, ...times)
  }
}
