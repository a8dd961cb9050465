// What a batch adds to the counting tables, gathered in memory and written once: a batch holds many outcomes of few kinds.
import type { CampaignId, OutcomeReason, RecipientState } from '@peyk/contracts'
import type { ReadModelDatabase } from '@peyk/read-model'

import { dayIn } from './day.ts'

/** What happened to a recipient on a day. Reading implies delivery, and delivery a send, receipt or none. */
export type Step = Exclude<RecipientState, 'pending' | 'attempted'>

/** The kind of a row of outcomes. */
export interface Kind {
  readonly state: RecipientState
  readonly reason: OutcomeReason | null
  readonly sessionId: string | null
}

export interface Tallies {
  count(id: CampaignId, kind: Kind, change: 1 | -1): void
  reached(tenant: string, atMs: number, sessionId: string | null, step: Step): void
  sent(id: CampaignId, atMs: number): void
}

const DAYS_ARE_OF = 'Asia/Tehran'

const sentStates: readonly RecipientState[] = ['sent', 'delivered', 'read', 'replied']
const dayOf = dayIn(DAYS_ARE_OF)

export const tallyWriter = (database: ReadModelDatabase): { begin(): Tallies & { write(): void } } => {
  const addCount = database.prepare(
    `insert into counts (campaign_id, state, reason, session_id, count) values (?, ?, ?, ?, ?)
     on conflict do update set count = count + excluded.count`,
  )
  const addDaily = database.prepare(
    `insert into daily (tenant, day, session_id, step, count) values (?, ?, ?, ?, ?)
     on conflict do update set count = count + excluded.count`,
  )
  const widen = database.prepare(
    `update campaigns set first_sent_at = min(ifnull(first_sent_at, @first), @first),
       last_sent_at = max(ifnull(last_sent_at, @last), @last) where campaign_id = @id`,
  )
  const begin = () => {
    const counts = new Gathered<[CampaignId, string, string, string]>()
    const daily = new Gathered<[string, string, string, Step]>()
    const spans = new Map<CampaignId, { first: number; last: number }>()
    return {
      count: (id: CampaignId, { state, reason, sessionId }: Kind, change: 1 | -1) =>
        // Only what was sent is told by number, and only what was not has a reason.
        sentStates.includes(state)
          ? counts.add(change, [id, state, '', sessionId ?? ''])
          : counts.add(change, [id, state, reason ?? '', '']),
      reached: (tenant: string, atMs: number, sessionId: string | null, step: Step) =>
        daily.add(1, [tenant, dayOf(atMs), sessionId ?? '', step]),
      sent: (id: CampaignId, atMs: number) => {
        const span = spans.get(id)
        if (span === undefined) spans.set(id, { first: atMs, last: atMs })
        else {
          span.first = Math.min(span.first, atMs)
          span.last = Math.max(span.last, atMs)
        }
      },
      write: () => {
        counts.each((key, change) => addCount.run(...key, change))
        daily.each((key, change) => addDaily.run(...key, change))
        for (const [id, { first, last }] of spans) widen.run({ id, first, last })
      },
    }
  }
  return { begin }
}

/** Sums by key. */
class Gathered<Key extends readonly (string | number)[]> {
  readonly #sums = new Map<string, { readonly key: Key; sum: number }>()

  add(change: number, key: Key): void {
    const text = key.join('|')
    const known = this.#sums.get(text)
    if (known === undefined) this.#sums.set(text, { key, sum: change })
    else known.sum += change
  }

  each(write: (key: Key, sum: number) => void): void {
    for (const { key, sum } of this.#sums.values()) if (sum !== 0) write(key, sum)
  }
}
