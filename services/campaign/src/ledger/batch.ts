// What one batch of OUTCOMES means: which intents are open, and which recipients move. Pure: lookups are given.
import {
  type CampaignId,
  type CampaignOutcome,
  type IntentMessage,
  type MessageId,
  movesForward,
  type OutcomeReason,
  type RecipientState,
  type RecordedOutcome,
  type SessionId,
  type SessionOutcome,
  type TenantId,
  type Totals,
} from '@peyk/contracts'

/** One message of OUTCOMES, parsed. `storedAtMs` is the stream's time of it. */
export type OutcomeRecord = {
  readonly sequence: number
  readonly storedAtMs: number
  readonly tenant: TenantId
  readonly traceparent?: string | undefined
} & (
  | { readonly subject: 'intent'; readonly message: IntentMessage }
  | { readonly subject: 'campaign'; readonly message: CampaignOutcome }
  | { readonly subject: 'session'; readonly message: SessionOutcome }
)

/** A send whose fate is not known yet. */
export interface OpenIntent {
  readonly messageId: MessageId
  readonly campaignId: CampaignId
  readonly position: number
  readonly attempt: number
  readonly sessionId: SessionId
  readonly sequence: number
  readonly storedAtMs: number
  readonly testId?: string | undefined
}

export interface KnownRecipient {
  readonly state: RecipientState
  readonly attempt: number
}

/** What the ledger knows from the event store. */
export interface LedgerLookup {
  recipient(id: CampaignId, position: number): KnownRecipient | undefined
  messages(
    id: MessageId,
  ): (KnownRecipient & { readonly campaignId: CampaignId; readonly position: number }) | undefined
}

/** The outcome of a test send: shown, never counted. */
export interface TestResult {
  readonly testId: string
  readonly outcome: CampaignOutcome
  readonly traceparent: string | undefined
}

export interface Batch {
  /** Each step forward of each recipient, in order. */
  readonly outcomes: ReadonlyMap<CampaignId, readonly RecordedOutcome[]>
  readonly sessions: readonly Extract<OutcomeRecord, { subject: 'session' }>[]
  readonly tests: readonly TestResult[]
  readonly unknownReceipts: number
}

const receiptStates = { sent: 'sent', delivered: 'delivered', read: 'read', played: 'read' } as const

/** Collects a batch; `open` is the ledger's table of open intents and is changed as the messages say (G2). */
export const readBatch = (
  records: readonly OutcomeRecord[],
  open: Map<MessageId, OpenIntent>,
  lookup: LedgerLookup,
): Batch => {
  const collector = new Collector(lookup)
  const sessions: Extract<OutcomeRecord, { subject: 'session' }>[] = []
  const tests: TestResult[] = []
  let unknownReceipts = 0
  for (const record of records) {
    switch (record.subject) {
      case 'intent':
        noteIntent(record, open, lookup)
        break
      case 'campaign': {
        const { message, traceparent } = record
        open.delete(message.messageId)
        if (message.testId === undefined) {
          collector.name(message)
          collector.add(message.campaignId, recordedOf(message))
        } else tests.push({ testId: message.testId, outcome: message, traceparent })
        break
      }
      case 'session':
        if (record.message.kind === 'receipt')
          unknownReceipts += noteReceipt(record.message, open, collector, lookup)
        else sessions.push(record)
    }
  }
  return { outcomes: collector.outcomes(), sessions, tests, unknownReceipts }
}

const noteIntent = (
  { message, sequence, storedAtMs }: Extract<OutcomeRecord, { subject: 'intent' }>,
  open: Map<MessageId, OpenIntent>,
  lookup: LedgerLookup,
): void => {
  const { messageId, campaignId, position, attempt, sessionId, testId } = message
  if (message.kind === 'withdrawn') {
    open.delete(messageId)
    return
  }
  const known = lookup.recipient(campaignId, position)
  const settled =
    known !== undefined &&
    (known.attempt > attempt || (known.attempt === attempt && known.state !== 'pending'))
  if (!settled)
    open.set(messageId, { messageId, campaignId, position, attempt, sessionId, sequence, storedAtMs, testId })
}

const recordedOf = (message: CampaignOutcome): RecordedOutcome => ({
  position: message.position,
  state: message.kind,
  ...(message.kind === 'sent' ? {} : { reason: message.reason }),
  attempt: message.attempt,
  sessionId: message.sessionId,
  at: message.at,
})

/** Returns how many message ids of the receipt nobody knows (G4). */
const noteReceipt = (
  receipt: Extract<SessionOutcome, { kind: 'receipt' }>,
  open: Map<MessageId, OpenIntent>,
  collector: Collector,
  lookup: LedgerLookup,
): number => {
  let unknown = 0
  for (const id of receipt.messageIds as MessageId[]) {
    const found = open.get(id) ?? collector.named(id) ?? lookup.messages(id)
    if (found === undefined) {
      unknown += 1
      continue
    }
    if (open.get(id)?.testId !== undefined) continue
    open.delete(id)
    collector.add(found.campaignId, {
      position: found.position,
      state: receiptStates[receipt.state],
      attempt: found.attempt,
      sessionId: receipt.sessionId,
      at: receipt.at,
    })
  }
  return unknown
}

/** Keeps what moves a recipient forward (G1), and which sends the batch itself named. */
class Collector {
  readonly #lookup: LedgerLookup
  readonly #campaigns = new Map<CampaignId, RecordedOutcome[]>()
  readonly #newest = new Map<string, RecordedOutcome>()
  readonly #named = new Map<string, Pick<CampaignOutcome, 'campaignId' | 'position' | 'attempt'>>()

  constructor(lookup: LedgerLookup) {
    this.#lookup = lookup
  }

  add(id: CampaignId, outcome: RecordedOutcome): void {
    const key = `${id}.${outcome.position}`
    const known = this.#newest.get(key) ?? this.#lookup.recipient(id, outcome.position)
    if (!isNews(known, outcome)) return
    this.#newest.set(key, outcome)
    const outcomes = this.#campaigns.get(id) ?? []
    outcomes.push(outcome)
    this.#campaigns.set(id, outcomes)
  }

  /** A receipt may follow its ack within the batch, before the store knows the message. */
  name(send: CampaignOutcome): void {
    this.#named.set(send.messageId, send)
  }

  named(id: MessageId): Pick<CampaignOutcome, 'campaignId' | 'position' | 'attempt'> | undefined {
    return this.#named.get(id)
  }

  outcomes(): ReadonlyMap<CampaignId, readonly RecordedOutcome[]> {
    return this.#campaigns
  }
}

const isNews = (known: KnownRecipient | undefined, outcome: RecordedOutcome): boolean => {
  if (known === undefined || outcome.attempt > known.attempt) return true
  return outcome.attempt === known.attempt && movesForward(known.state, outcome.state)
}

/** The totals after the outcomes, and the outcomes that still are news to them (G1, G6). */
export const applyOutcomes = (
  totals: Totals,
  outcomes: readonly RecordedOutcome[],
  recipient: (position: number) => KnownRecipient | undefined,
): { totals: Totals; outcomes: readonly RecordedOutcome[] } => {
  const next = { ...totals }
  const newest = new Map<number, KnownRecipient>()
  const news = outcomes.filter((outcome) => {
    const known = newest.get(outcome.position) ?? recipient(outcome.position)
    if (!isNews(known, outcome)) return false
    next[known?.state ?? 'pending'] -= 1
    next[outcome.state] += 1
    newest.set(outcome.position, outcome)
    return true
  })
  return { totals: next, outcomes: news }
}

/** Intents that nobody answered for `afterMs`: their fate is `unconfirmed: no_ack` (G3). */
export const expiredIntents = (
  open: Iterable<OpenIntent>,
  nowMs: number,
  afterMs: number,
): readonly OpenIntent[] => [...open].filter(({ storedAtMs }) => nowMs - storedAtMs >= afterMs)

export const unconfirmedOutcome = (intent: OpenIntent, at: Date): RecordedOutcome => ({
  position: intent.position,
  state: 'unconfirmed',
  reason: 'no_ack' satisfies OutcomeReason,
  attempt: intent.attempt,
  sessionId: intent.sessionId,
  at: at.toISOString(),
})
