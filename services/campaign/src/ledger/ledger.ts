// The ledger: reads OUTCOMES in its order and appends what it means (SPEC.md).
import { setTimeout as delay } from 'node:timers/promises'

import type { CampaignId, Epoch, MessageId, RecordedOutcome } from '@peyk/contracts'
import {
  type Bucket,
  type FeedMessage,
  type Log,
  type Nats,
  orderedFeed,
  streamEpoch,
  streamInfo,
} from '@peyk/messaging'
import type { ConsumerMetrics } from '@peyk/service-kit'

import {
  applyOutcomes,
  type Batch,
  expiredIntents,
  type OpenIntent,
  type OutcomeRecord,
  readBatch,
  type TestResult,
  unconfirmedOutcome,
} from './batch.ts'
import type { LedgerModel } from './model.ts'
import type { OutcomeWriter } from './outcome-writer.ts'
import { readOutcomeRecord } from './read-outcomes.ts'

type SessionRecord = Extract<OutcomeRecord, { subject: 'session' }>

export interface LedgerOptions {
  readonly nats: Nats
  readonly model: LedgerModel
  readonly writer: OutcomeWriter
  readonly checkpoints: Bucket
  readonly log: Log
  readonly metrics: LedgerMetrics
  /** An intent without an outcome is `unconfirmed` after this (G3). */
  readonly unconfirmedAfterMs: number
  /** A session said something: record it and tell the feed. Repeats are harmless. */
  readonly onSession: (record: SessionRecord) => Promise<void>
  readonly onTest: (result: TestResult) => Promise<void>
  /** Campaigns that may be complete now (G8). */
  readonly onSettled: (id: CampaignId) => Promise<void>
  /** OUTCOMES is another stream than before, or lost its end (G10). */
  readonly onLoss: (epoch: Epoch) => Promise<void>
}

export interface LedgerMetrics {
  readonly consumer: ConsumerMetrics
  recorded(outcomes: readonly RecordedOutcome[]): void
  unknownReceipts(count: number): void
  unreadable(): void
  lag(messages: number): void
}

export interface Ledger {
  /** The last sequence of OUTCOMES that is recorded. */
  recordedTo(): number
  /** Sends of the campaign whose fate is open. */
  openIntents(id: CampaignId): readonly OpenIntent[]
  readonly ended: Promise<void>
}

const CHECKPOINT = 'ledger'
const MAX_BUFFERED = 5_000
const BATCH_PAUSE_MS = 50
const IDLE_MS = 500

/** Starts reading; ends when the signal aborts. */
export const startLedger = async (options: LedgerOptions, signal: AbortSignal): Promise<Ledger> => {
  const { nats, checkpoints, log } = options
  const epoch = await streamEpoch(nats, 'OUTCOMES')
  const saved = readCheckpoint((await checkpoints.get(CHECKPOINT))?.json())
  const state = new LedgerState(options, epoch, saved?.epoch === epoch ? saved.sequence : 0)
  await options.onLoss(epoch as Epoch)
  const feed = orderedFeed(nats, {
    stream: 'OUTCOMES',
    from: { sequence: state.recordedTo + 1, epoch },
    onMessage: (message) => state.take(message, signal),
    onEpochChange: async (change) => {
      log.warn({ kind: change.kind }, 'OUTCOMES lost messages')
      await state.restart(change.epoch)
      await options.onLoss(change.epoch as Epoch)
    },
    signal,
    log,
  })
  const ended = Promise.all([feed.ended, state.run(signal)]).then(() => undefined)
  return {
    recordedTo: () => state.recordedTo,
    openIntents: (id) => [...state.open.values()].filter(({ campaignId }) => campaignId === id),
    ended,
  }
}

const readCheckpoint = (value: unknown): { epoch: string; sequence: number } | undefined => {
  if (typeof value !== 'object' || value === null || !('epoch' in value) || !('sequence' in value))
    return undefined
  const { epoch, sequence } = value
  return typeof epoch === 'string' && typeof sequence === 'number' ? { epoch, sequence } : undefined
}

/** What is read and not yet recorded. One batch at a time: append, then the position. */
class LedgerState {
  readonly open = new Map<MessageId, OpenIntent>()
  recordedTo: number
  readonly #options: LedgerOptions
  #epoch: string
  #buffer: FeedMessage[] = []
  #wake: () => void = () => undefined
  #working: Promise<void> = Promise.resolve()
  #savedTo = 0

  constructor(options: LedgerOptions, epoch: string, recordedTo: number) {
    this.#options = options
    this.#epoch = epoch
    this.recordedTo = recordedTo
  }

  /** Resolves at once while there is room: a full buffer holds the feed back. */
  async take(message: FeedMessage, signal: AbortSignal): Promise<void> {
    this.#buffer.push(message)
    this.#wake()
    while (this.#buffer.length >= MAX_BUFFERED && !signal.aborted) await delay(BATCH_PAUSE_MS)
  }

  /** Forgets what belongs to the lost stream, once the batch in hand is through. */
  async restart(epoch: string): Promise<void> {
    await this.#working
    this.#buffer = []
    this.open.clear()
    this.#epoch = epoch
    this.recordedTo = 0
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!signal.aborted) {
      if (this.#buffer.length === 0) await this.#sleep(IDLE_MS)
      this.#working = this.#round(signal)
      await this.#working
      await delay(BATCH_PAUSE_MS)
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const messages = this.#buffer
    this.#buffer = []
    const batch = this.#read(messages)
    const { consumer } = this.#options.metrics
    const startedAt = performance.now()
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        const toSeq = messages.at(-1)?.sequence ?? this.recordedTo
        await this.#record(batch, toSeq)
        this.recordedTo = toSeq
        await this.#expire()
        await this.#save()
        consumer.handled(messages.length, (performance.now() - startedAt) / 1_000)
        return
      } catch (error) {
        consumer.failed()
        this.#options.log.error({ error }, 'the ledger cannot record, trying again')
        await delay(Math.min(5_000, 100 * 2 ** attempt))
      }
    }
  }

  #read(messages: readonly FeedMessage[]): Batch {
    const records = messages.flatMap((message) => {
      const record = readOutcomeRecord(message)
      if (record === undefined) this.#options.metrics.unreadable()
      return record ?? []
    })
    const batch = readBatch(records, this.open, this.#options.model)
    this.#options.metrics.unknownReceipts(batch.unknownReceipts)
    this.#options.metrics.lag(messages.at(-1)?.pending ?? 0)
    return batch
  }

  async #record(batch: Batch, toSeq: number): Promise<void> {
    for (const [id, outcomes] of batch.outcomes) await this.#append(id, outcomes, toSeq)
    for (const record of batch.sessions) await this.#options.onSession(record)
    for (const result of batch.tests) await this.#options.onTest(result)
    for (const id of batch.outcomes.keys()) await this.#settled(id)
  }

  async #append(id: CampaignId, outcomes: readonly RecordedOutcome[], toSeq: number): Promise<void> {
    const { model, writer, metrics } = this.#options
    const epoch = this.#epoch as Epoch
    await writer.append(id, (row) => {
      const next = applyOutcomes(row.totals, outcomes, (position) => model.recipient(id, position))
      if (next.outcomes.length === 0) return undefined
      metrics.recorded(next.outcomes)
      return {
        type: 'OutcomesRecorded',
        data: { epoch, toSeq, outcomes: [...next.outcomes], totals: next.totals },
      }
    })
  }

  /** Only at the end of the stream: before it, the answer to an old intent may still come (G3). */
  async #expire(): Promise<void> {
    const now = Date.now()
    const expired = expiredIntents(this.open.values(), now, this.#options.unconfirmedAfterMs)
    if (expired.length === 0) return
    const { lastSequence } = await streamInfo(this.#options.nats, 'OUTCOMES')
    if (this.recordedTo < lastSequence) return
    for (const intent of expired) {
      if (intent.testId === undefined)
        await this.#append(intent.campaignId, [unconfirmedOutcome(intent, new Date(now))], this.recordedTo)
      this.open.delete(intent.messageId)
      await this.#settled(intent.campaignId)
    }
  }

  async #settled(id: CampaignId): Promise<void> {
    for (const { campaignId } of this.open.values()) if (campaignId === id) return
    await this.#options.onSettled(id)
  }

  async #save(): Promise<void> {
    let sequence = this.recordedTo
    for (const intent of this.open.values()) sequence = Math.min(sequence, intent.sequence - 1)
    if (sequence === this.#savedTo) return
    await this.#options.checkpoints.put(CHECKPOINT, { epoch: this.#epoch, sequence })
    this.#savedTo = sequence
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = () => undefined
  }
}
