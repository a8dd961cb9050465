// What may be sent now is published on DISPATCH, a window at a time (ledger SPEC, G11).
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
  (row.dispatchEpoch === undefined || row.dispatchEpoch === epoch)

/** Dispatched, and without an outcome. */
const outstanding = ({ dispatchedTo, total, totals }: CampaignRow): number =>
  dispatchedTo - (total - totals.pending - totals.attempted)

export const createDispatch = (options: DispatchOptions): Dispatch => {
  const { nats, publisher, model, writer, recipients, window, epoch } = options
  /** The number whose subject holds the jobs of a campaign, as far as this process has seen to it. */
  const placed = new Map<CampaignId, SessionId>()
  const tested = new Set<string>()
  /** What was asked for before was probably published by somebody else: its trace is linked, not extended. */
  const createdAt = new Date().toISOString()

  const publishJobs = (row: RunningRow, positions: readonly number[]) =>
    publisher.publishAll(jobsOf(row, positions, recipients))

  /** After a take-over, or with another number: the jobs without an outcome are published (again). */
  const place = async (row: RunningRow) => {
    const before = placed.get(row.campaignId)
    if (before === row.sessionId) return
    if (before !== undefined)
      await purgeSubject(nats, 'DISPATCH', subjects.dispatchOfCampaign(row.tenant, row.campaignId))
    await ensureDispatchConsumer(nats, row, row.sessionId)
    await publishJobs(row, model.openPositions(row.campaignId, row.dispatchedTo))
    placed.set(row.campaignId, row.sessionId)
  }

  const advanceWindow = async (row: RunningRow): Promise<void> => {
    const from = row.dispatchedTo + 1
    const toPosition = Math.min(row.total, row.dispatchedTo + window - outstanding(row))
    const written = await writer.append(row.campaignId, (newest) =>
      newest.dispatchedTo >= toPosition || !mayRun(newest, epoch())
        ? undefined
        : { type: 'RecipientsDispatched', data: { toPosition, attempt: row.attempt, epoch: epoch() } },
    )
    if (written)
      await publishJobs(
        row,
        Array.from({ length: toPosition - from + 1 }, (_, index) => from + index),
      )
  }

  return {
    advance: async (id) => {
      const row = model.campaign(id)
      if (row === undefined || !mayRun(row, epoch())) return
      await place(row)
      if (row.dispatchedTo < row.total && outstanding(row) <= window / 2) await advanceWindow(row)
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
