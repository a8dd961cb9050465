// What may be sent now is published on DISPATCH, a window at a time (ledger SPEC, G11).
import { randomUUID } from 'node:crypto'

import {
  type CampaignId,
  dispatchConsumer,
  type Epoch,
  type SessionId,
  subjects,
  testConsumer,
} from '@peyk/contracts'
import { deleteConsumer, ensureConsumer, type Nats, type Publisher, purgeSubject } from '@peyk/messaging'

import type { CampaignRow, LedgerModel, TestSendRow } from '../ledger/model.ts'
import type { OutcomeWriter } from '../ledger/outcome-writer.ts'
import { jobsOf, publishTestJob, type RunningRow } from './jobs.ts'
import type { RecipientReader } from './recipients.ts'

export interface DispatchOptions {
  readonly nats: Nats
  readonly publisher: Publisher
  readonly model: LedgerModel
  readonly writer: OutcomeWriter
  readonly recipients: RecipientReader
  /** Jobs of a campaign that may wait for their outcome at a time. */
  readonly window: number
  /** The epoch of OUTCOMES today. */
  readonly epoch: () => Epoch
}

export interface Dispatch {
  /** Publishes what the campaign may send now. May be called at any time, as often as one likes. */
  advance(id: CampaignId): Promise<void>
  /** Publishes a test send, once in the life of this object; doubled jobs are harmless (L1). */
  test(test: TestSendRow): Promise<void>
  /** Takes the jobs of a campaign back and its consumer away. */
  withdraw(row: CampaignRow): Promise<void>
  /** DISPATCH was lost: what was published is published again when its time comes. */
  forget(): void
}

/** A sender has to acknowledge a job, or say that it works on it (every 5 s), within this: else another one gets it. */
const ACK_WAIT_MS = 15_000
const MAX_ACK_PENDING = 2

/** True when jobs of this run may be published and sent: it runs, and nothing was lost since it was started. */
export const mayRun = (row: CampaignRow, epoch: Epoch): row is RunningRow =>
  row.status === 'RUNNING' &&
  row.runKey !== undefined &&
  row.sessionId !== undefined &&
  row.epoch === epoch &&
  row.reopened >= row.attempt &&
  (row.dispatchEpoch === undefined || row.dispatchEpoch === epoch)

/** Dispatched, and without an outcome. */
const outstanding = ({ dispatchedTo, total, totals }: CampaignRow): number =>
  dispatchedTo - (total - totals.pending - totals.attempted)

/** Where the jobs of a campaign stand, as far as this process has seen to it. */
interface Placement {
  readonly session: SessionId
  readonly attempt: number
  /** Ends the ids of its jobs: those of jobs that were purged are still known to the stream, and would be refused. */
  readonly key: string
  /** Every job up to here is published; 0 before the first. */
  publishedTo: number
}

export const createDispatch = (options: DispatchOptions): Dispatch => {
  const { nats, publisher, model, recipients, window, epoch } = options
  const placed = new Map<CampaignId, Placement>()
  const tested = new Set<string>()
  /** What was asked for before was probably published by somebody else: its trace is linked, not extended. */
  const createdAt = new Date().toISOString()

  /** On the subject of the campaign's number; what stands there of another number or attempt is taken back. */
  const place = async (row: RunningRow): Promise<Placement> => {
    const before = placed.get(row.campaignId)
    if (before?.session === row.sessionId && before.attempt === row.attempt) return before
    if (before !== undefined)
      await purgeSubject(nats, 'DISPATCH', subjects.dispatchOfCampaign(row.tenant, row.campaignId))
    await ensureDispatchConsumer(nats, row, row.sessionId)
    const placement = {
      session: row.sessionId,
      attempt: row.attempt,
      key: before === undefined ? `${row.sessionId}.${String(row.attempt)}` : randomUUID(),
      publishedTo: 0,
    }
    placed.set(row.campaignId, placement)
    return placement
  }

  /**
   * Publishes what was dispatched: also a window that an earlier try had written when its answer was lost. After a
   * take-over, with another number or in a retry, that is every job without an outcome.
   */
  const publishDue = async (row: RunningRow, placement: Placement): Promise<void> => {
    const { publishedTo, key } = placement
    if (row.dispatchedTo <= publishedTo) return
    const positions = positionsDue(model, row, publishedTo)
    const attemptOf = (position: number) => model.recipient(row.campaignId, position)?.attempt ?? 1
    await publisher.publishAll(jobsOf(row, positions, { recipients, attemptOf, key }))
    placement.publishedTo = row.dispatchedTo
  }

  return {
    advance: async (id) => {
      const row = model.campaign(id)
      if (row === undefined || !mayRun(row, epoch())) return
      const placement = await place(row)
      await publishDue(row, placement)
      if (row.dispatchedTo === row.total || outstanding(row) > window / 2) return
      await openWindow(options, row)
      const dispatchedTo = model.campaign(id)?.dispatchedTo ?? row.dispatchedTo
      await publishDue({ ...row, dispatchedTo }, placement)
    },
    test: async (test) => {
      if (tested.has(test.testId)) return
      const row = model.campaign(test.campaignId)
      const recipient = await recipients.test(test.campaignId, test.testId)
      if (row?.sessionId === undefined || recipient === undefined) return
      await ensureTestConsumer(nats, row, row.sessionId)
      const isAgain = test.requestedAt < createdAt
      await publishTestJob(publisher, { ...row, sessionId: row.sessionId }, test, recipient, isAgain)
      tested.add(test.testId)
    },
    withdraw: async (row) => {
      await purgeSubject(nats, 'DISPATCH', subjects.dispatchOfCampaign(row.tenant, row.campaignId))
      if (row.sessionId !== undefined)
        for (const nameOf of [dispatchConsumer, testConsumer])
          await deleteConsumer(nats, 'DISPATCH', nameOf(row.campaignId, row.sessionId))
      placed.delete(row.campaignId)
    },
    forget: () => placed.clear(),
  }
}

const positionsDue = (model: LedgerModel, row: RunningRow, publishedTo: number): readonly number[] =>
  publishedTo === 0
    ? model.openPositions(row.campaignId, row.dispatchedTo)
    : Array.from({ length: row.dispatchedTo - publishedTo }, (_, index) => publishedTo + 1 + index)

/** Writes down how far jobs may be published. */
const openWindow = async ({ writer, window, epoch }: DispatchOptions, row: RunningRow): Promise<void> => {
  const toPosition = Math.min(row.total, row.dispatchedTo + window - outstanding(row))
  await writer.append(row.campaignId, (newest) =>
    newest.dispatchedTo >= toPosition || !mayRun(newest, epoch())
      ? undefined
      : { type: 'RecipientsDispatched', data: { toPosition, attempt: row.attempt, epoch: epoch() } },
  )
}

const consumerLimits = { stream: 'DISPATCH', maxAckPending: MAX_ACK_PENDING, ackWaitMs: ACK_WAIT_MS }

const ensureDispatchConsumer = (nats: Nats, row: CampaignRow, session: SessionId): Promise<void> =>
  ensureConsumer(nats, {
    ...consumerLimits,
    durable: dispatchConsumer(row.campaignId, session),
    filter: subjects.dispatch(row.tenant, row.campaignId, session),
  })

const ensureTestConsumer = (nats: Nats, row: CampaignRow, session: SessionId): Promise<void> =>
  ensureConsumer(nats, {
    ...consumerLimits,
    durable: testConsumer(row.campaignId, session),
    filter: subjects.dispatchTest(row.tenant, row.campaignId, session),
  })
