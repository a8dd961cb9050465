// The feed: events of campaigns and their ledger become the messages of LIVE (architecture.md, section 5).
import {
  type CampaignId,
  eventStreamPrefixes,
  feedInstant,
  type OutcomeEvent,
  progressOf,
  readCampaignEvent,
  readOutcomeEvent,
  type RecordedOutcome,
  reportUrlOf,
  sendFailureText,
  type Totals,
  subjects,
} from '@peyk/contracts'
import { type EventStore, type RecordedEvent, runSubscription } from '@peyk/event-sourcing'
import { type Bucket, lastMessageOf, type Log, type Nats, purgeSubject } from '@peyk/messaging'

import type { RecipientReader } from '../dispatch/recipients.ts'
import type { CampaignRow, LedgerModel } from '../ledger/model.ts'
import type { LivePublisher } from './live-publisher.ts'
import { createThrottle } from './throttle.ts'
import { campaignWords, pausedWords, reasonText, type StatusWords, waitingWords } from './words.ts'

export interface FeedOptions {
  readonly nats: Nats
  readonly store: EventStore
  readonly model: LedgerModel
  readonly live: LivePublisher
  readonly recipients: RecipientReader
  readonly checkpoints: Bucket
  readonly log: Log
  /** Resolves when the index has what stands at this position. */
  readonly indexed: (position: bigint) => Promise<void>
}

export interface Feed {
  /** Follows the store from the feed's own checkpoint; ends on abort. */
  run(signal: AbortSignal): Promise<void>
  /** The newest state of a campaign, once more. */
  refresh(row: CampaignRow): Promise<void>
  status(row: CampaignRow, words: StatusWords, id?: string): Promise<void>
}

const CHECKPOINT = 'feed'
const CAMPAIGN_GAP_MS = 500
const PROGRESS_GAP_MS = 100
const ERROR_WINDOW_MS = 1_000
const ERRORS_A_WINDOW = 5

export const createFeed = (options: FeedOptions): Feed => {
  const { model, live, log } = options
  const onError = (error: unknown) => log.warn({ error }, 'a message of the feed was not published')
  const campaigns = createThrottle<CampaignId>({ gapMs: CAMPAIGN_GAP_MS, onError })
  const progress = createThrottle<CampaignId>({ gapMs: PROGRESS_GAP_MS, onError })
  const errors = createErrorReporter(options)

  const status: Feed['status'] = (row, words, id) =>
    live.publish(
      row,
      'status_update',
      { ...words, timestamp: feedInstant(new Date()) },
      id === undefined ? {} : { id },
    )

  const campaignUpdate = (id: CampaignId) => async () => {
    const row = model.campaign(id)
    if (row !== undefined && !row.isDeleted) await live.publish(row, 'campaign_update', campaignData(row))
  }

  const campaignEvent = async (recorded: RecordedEvent, row: CampaignRow) => {
    const event = readCampaignEvent(recorded)
    if (event.type === 'TestSendRequested') return
    await campaignUpdate(row.campaignId)()
    if (event.type === 'CampaignPaused')
      await status(row, pausedWords(event.data.reason), `${recorded.id}.status`)
    if (isChangeOfState.has(event.type)) {
      const words = isWithoutNumber(model, row) ? waitingWords : campaignWords(row.status)
      if (words !== undefined) await status(row, words, `${recorded.id}.status`)
    }
    if (event.type === 'CampaignCompleted' || event.type === 'CampaignFailed')
      await completion(options, row, event.data.totals, recorded)
  }

  const outcomeEvent = async (recorded: RecordedEvent, row: CampaignRow) => {
    const event = readOutcomeEvent(recorded)
    await campaigns.offer(row.campaignId, campaignUpdate(row.campaignId))
    await errors.report(row, failuresOf(event))
    if (event.type === 'RestSkipped') await completion(options, row, event.data.totals, recorded)
    const last = event.type === 'OutcomesRecorded' ? event.data.outcomes.at(-1) : undefined
    if (last !== undefined)
      await progress.offer(row.campaignId, () => progressUpdate(options, row.campaignId, last.position))
  }

  const handleEvent = async (recorded: RecordedEvent) => {
    const row = model.campaign(Number(recorded.streamName.split('-')[1]) as CampaignId)
    if (row === undefined || row.isDeleted) return forget(options, row)
    if (recorded.streamName.startsWith(eventStreamPrefixes.campaign)) await campaignEvent(recorded, row)
    else await outcomeEvent(recorded, row)
  }

  return {
    status,
    refresh: async (row) => {
      if (row.isDeleted) return
      await live.publish(row, 'campaign_update', campaignData(row))
    },
    run: async (signal) => {
      await follow(options, handleEvent, signal)
      campaigns.stop()
      progress.stop()
      errors.stop()
    },
  }
}

/** Nothing of a deleted campaign stays in the feed. */
const forget = async ({ nats }: FeedOptions, row: CampaignRow | undefined): Promise<void> => {
  if (row !== undefined) await purgeSubject(nats, 'LIVE', subjects.liveOfCampaign(row.tenant, row.campaignId))
}

/** Its schedule has started it, and there is nothing to send with. */
const isWithoutNumber = (model: LedgerModel, { status, sessionId }: CampaignRow): boolean => {
  if (status !== 'RUNNING') return false
  const state = sessionId === undefined ? undefined : model.session(sessionId)?.state
  return state !== 'connected' && state !== 'disconnected'
}

const isChangeOfState = new Set([
  'CampaignStarted',
  'RetryStarted',
  'CampaignResumed',
  'CampaignCancelled',
  'CampaignCompleted',
  'CampaignFailed',
])

const follow = (
  { store, checkpoints, indexed, log }: FeedOptions,
  handleEvent: (recorded: RecordedEvent) => Promise<void>,
  signal: AbortSignal,
): Promise<void> =>
  runSubscription({
    store,
    streamPrefixes: [eventStreamPrefixes.campaign, eventStreamPrefixes.outcomes],
    signal,
    load: async () => positionOf((await checkpoints.get(CHECKPOINT))?.json()),
    handle: async (batch, position) => {
      const last = batch.at(-1)
      if (last !== undefined) await indexed(last.position)
      for (const event of batch) await handleEvent(event)
      await checkpoints.put(CHECKPOINT, { position: String(position) })
    },
    onError: (error, attempt) => log.error({ error, attempt }, 'the feed cannot publish, trying again'),
  })

const positionOf = (saved: unknown): bigint | undefined =>
  typeof saved === 'object' && saved !== null && 'position' in saved && typeof saved.position === 'string'
    ? BigInt(saved.position)
    : undefined

const seconds = (instant: string | undefined): string | null =>
  instant === undefined ? null : feedInstant(new Date(instant))

const campaignData = (row: CampaignRow) => ({
  id: row.campaignId,
  title: row.title,
  status: row.status,
  progress: progressOf(row.totals),
  startedAt: seconds(row.startedAt),
  completedAt: seconds(row.completedAt),
  timestamp: feedInstant(new Date()),
})

const progressUpdate = async ({ model, live, recipients }: FeedOptions, id: CampaignId, position: number) => {
  const row = model.campaign(id)
  const recipient = await recipients.at(id, position)
  if (row === undefined || recipient === undefined) return
  const { sent, total } = progressOf(row.totals)
  await live.publish(row, 'progress_update', {
    progress: { sent, total, current: recipient.spelling },
    timestamp: feedInstant(new Date()),
  })
}

/** Once for each end: a message that already tells of this event is not said again, however long ago it was. */
const completion = async (
  { nats, live }: FeedOptions,
  row: CampaignRow,
  totals: Totals,
  recorded: RecordedEvent,
) => {
  const last = await lastMessageOf(
    nats,
    'LIVE',
    subjects.live(row.tenant, row.campaignId, 'completion_update'),
  )
  if (last?.headers[EVENT_HEADER] === recorded.id) return
  const { sent, failed } = progressOf(totals)
  const status = row.status === 'FAILED' || row.status === 'CANCELLED' ? row.status : 'COMPLETED'
  await live.publish(
    row,
    'completion_update',
    {
      report: { status, totalSent: sent, totalFailed: failed, reportUrl: reportUrlOf(row.campaignId) },
      timestamp: feedInstant(new Date()),
    },
    { id: `${recorded.id}.completion`, headers: { [EVENT_HEADER]: recorded.id } },
  )
}

/** The event that a completion tells of. */
const EVENT_HEADER = 'peyk-event'

const failuresOf = (event: OutcomeEvent): readonly RecordedOutcome[] =>
  event.type === 'OutcomesRecorded'
    ? event.data.outcomes.filter(
        ({ state }) => state === 'failed' || state === 'skipped' || state === 'unconfirmed',
      )
    : []

/** At most five errors a second for each campaign, then how many more there were. */
const createErrorReporter = ({ live, recipients, log }: FeedOptions) => {
  const windows = new Map<CampaignId, { said: number; more: number; timer: NodeJS.Timeout }>()

  const say = (row: CampaignRow, error: string) =>
    live.publish(row, 'error_update', { error, timestamp: feedInstant(new Date()) })

  const close = (row: CampaignRow) => {
    const more = windows.get(row.campaignId)?.more ?? 0
    windows.delete(row.campaignId)
    if (more === 0) return
    say(row, `and ${more} more`).catch((error: unknown) => log.warn({ error }, 'an error was not published'))
  }
  const open = (row: CampaignRow) => {
    const window = { said: 0, more: 0, timer: setTimeout(() => close(row), ERROR_WINDOW_MS) }
    windows.set(row.campaignId, window)
    return window
  }

  return {
    report: async (row: CampaignRow, failures: readonly RecordedOutcome[]): Promise<void> => {
      for (const { position, reason } of failures) {
        const window = windows.get(row.campaignId) ?? open(row)
        if (window.said >= ERRORS_A_WINDOW) {
          window.more += 1
          continue
        }
        window.said += 1
        const spelling = (await recipients.at(row.campaignId, position))?.spelling ?? ''
        await say(row, sendFailureText(spelling, reasonText(reason)))
      }
    },
    stop: () => {
      for (const { timer } of windows.values()) clearTimeout(timer)
      windows.clear()
    },
  }
}
