// Random histories of a campaign, and what they come to, worked out by the plainest means.
import { type RecipientState, type Totals, totalsOfPending } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import fc from 'fast-check'

import {
  campaign,
  chunk,
  created,
  imported,
  linkRequested,
  otherSession,
  outcome,
  runKey,
  sessionId,
} from './events.ts'

export interface History {
  readonly events: readonly RecordedEvent[]
  /** Of the whole of it. */
  readonly total: number
  readonly states: ReadonlyMap<number, RecipientState>
}

const START_MS = Date.parse('2024-03-10T08:00:00.000Z')
const instant = (ms: number) => new Date(START_MS + ms).toISOString()

const rank: Record<RecipientState, number> = {
  pending: 0,
  attempted: 1,
  unconfirmed: 2,
  failed: 3,
  skipped: 3,
  sent: 4,
  delivered: 5,
  read: 6,
  replied: 7,
}
const reasons: Partial<Record<RecipientState, readonly string[]>> = {
  failed: ['rejected', 'no_device', 'internal'],
  skipped: ['opted_out', 'not_on_whatsapp'],
  unconfirmed: ['no_ack'],
}
const outcomeStates = ['sent', 'delivered', 'read', 'replied', 'failed', 'skipped', 'unconfirmed'] as const

const move = fc.record({
  place: fc.nat(),
  state: fc.constantFrom(...outcomeStates),
  attempt: fc.constantFrom(1, 1, 1, 2),
  reason: fc.nat(2),
  sessionId: fc.constantFrom(sessionId, otherSession),
})
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('outcomes' as const), moves: fc.array(move, { maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lost' as const), to: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('rest' as const), open: fc.array(fc.nat(), { maxLength: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('CampaignPaused' as const, 'CampaignResumed' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('title' as const), title: fc.string() }) },
)
/** Clocks of several processes are behind one log: now and then one is behind. */
const timed = fc.record({ step, afterMs: fc.integer({ min: -20_000, max: 3_600_000 }) })

/** A list of up to 40 recipients in one or two imports, and what happened to them. */
export const histories = (): fc.Arbitrary<History> =>
  fc
    .record({
      size: fc.integer({ min: 1, max: 20 }),
      appended: fc.integer({ min: 0, max: 20 }),
      steps: fc.array(timed, { maxLength: 25 }),
    })
    .map(({ size, appended, steps }) => {
      const total = size + appended
      const writer = new Writer(total)
      const list = [chunk(0, 1, ...people(1, size)), imported('replace', 0, 0, size)]
      const more =
        appended === 0
          ? []
          : [chunk(1, size + 1, ...people(size + 1, appended)), imported('append', 1, 1, total)]
      const start = { runKey, epoch: 'e', total, attempt: 1, notBefore: instant(0) }
      const before = [
        created,
        linkRequested(),
        ...list,
        ...more,
        campaign('CampaignStarted', start, instant(0)),
      ]
      const events = [...before, ...steps.map(({ step: next, afterMs }) => writer.write(next, afterMs))]
      return { events: numbered(events), total, states: writer.states() }
    })

const people = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    phone: `98912${String(first + index).padStart(7, '0')}`,
    spelling: `0912${String(first + index).padStart(7, '0')}`,
    variables: { name: `Name ${first + index}` },
  }))

const numbered = (events: readonly RecordedEvent[]): readonly RecordedEvent[] =>
  events.map((event, index) => ({ ...event, revision: BigInt(index), position: BigInt(index) }))

/** Writes a ledger: it knows each recipient's state, and nothing that was counted. */
class Writer {
  readonly #total: number
  readonly #known = new Map<number, { state: RecipientState; attempt: number }>()
  #nowMs = 0

  constructor(total: number) {
    this.#total = total
  }

  states(): ReadonlyMap<number, RecipientState> {
    return new Map(
      Array.from({ length: this.#total }, (_, index) => [
        index + 1,
        this.#known.get(index + 1)?.state ?? 'pending',
      ]),
    )
  }

  write(next: Step, afterMs: number): RecordedEvent {
    this.#nowMs += afterMs
    const at = instant(this.#nowMs)
    switch (next.kind) {
      case 'outcomes': {
        const outcomes = next.moves.map(({ place, state, attempt, reason, sessionId: by }) => {
          const position = this.#position(place)
          this.#move(position, state, attempt)
          const why = reasons[state]
          const because = why === undefined ? {} : { reason: why[reason % why.length] }
          return { position, state, attempt, sessionId: by, at, ...because }
        })
        return outcome('OutcomesRecorded', { epoch: 'e', toSeq: 1, outcomes, totals: this.#totals() }, at)
      }
      case 'lost': {
        const toPosition = this.#position(next.to)
        for (let position = 1; position <= toPosition; position += 1) this.#close(position, 'unconfirmed')
        return outcome('OutcomesLost', { epoch: 'f', toPosition, at, totals: this.#totals() }, at)
      }
      case 'rest': {
        const unconfirmed = [...new Set(next.open.map((place) => this.#position(place)))].filter(
          (position) => !this.#known.has(position),
        )
        for (const position of unconfirmed) this.#close(position, 'unconfirmed')
        for (let position = 1; position <= this.#total; position += 1) this.#close(position, 'skipped')
        return outcome('RestSkipped', { reason: 'cancelled', unconfirmed, at, totals: this.#totals() }, at)
      }
      case 'title':
        return campaign('TitleChanged', { title: next.title }, at)
      case 'CampaignPaused':
        return campaign('CampaignPaused', { reason: 'user' }, at)
      case 'CampaignResumed':
        return campaign('CampaignResumed', { epoch: 'e' }, at)
    }
  }

  #position(place: number): number {
    return 1 + (place % this.#total)
  }

  #move(position: number, state: RecipientState, attempt: number): void {
    const known = this.#known.get(position) ?? { state: 'pending' as const, attempt: 0 }
    const isNews = attempt > known.attempt || (attempt === known.attempt && rank[state] > rank[known.state])
    if (isNews) this.#known.set(position, { state, attempt })
  }

  #close(position: number, state: RecipientState): void {
    if (!this.#known.has(position)) this.#known.set(position, { state, attempt: 1 })
  }

  #totals(): Totals {
    const totals = totalsOfPending(0)
    for (const state of this.states().values()) totals[state] += 1
    return totals
  }
}

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never
