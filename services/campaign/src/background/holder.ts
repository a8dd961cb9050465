// What the one holder of `campaign.background` does. Everything here acts on the newest rows and may be done again.
import { setTimeout as delay } from 'node:timers/promises'

import {
  type CampaignId,
  type Epoch,
  eventStreams,
  isSettled,
  type SessionCommand,
  type SessionOutcome,
} from '@peyk/contracts'
import type { EventStore } from '@peyk/event-sourcing'
import {
  type Bucket,
  createPublisher,
  type Log,
  type Nats,
  openBucket,
  streamEpoch,
  withMessageSpan,
} from '@peyk/messaging'

import { createDesiredState, type DesiredState } from '../desired-state/desired-state.ts'
import { createDispatch, type Dispatch } from '../dispatch/dispatch.ts'
import { createRecipientReader } from '../dispatch/recipients.ts'
import { createFeed, type Feed } from '../feed/feed.ts'
import { createLivePublisher, type LivePublisher } from '../feed/live-publisher.ts'
import { tidyLive } from '../feed/tidy-live.ts'
import { sessionWords } from '../feed/words.ts'
import type { OutcomeRecord, TestResult } from '../ledger/batch.ts'
import { type Ledger, startLedger } from '../ledger/ledger.ts'
import type { CampaignRow, LedgerModel } from '../ledger/model.ts'
import { reopenFailed } from '../ledger/reopen.ts'
import { createOutcomeWriter, type OutcomeWriter } from '../ledger/outcome-writer.ts'
import { runRelay } from '../relay/relay.ts'
import { runSchedule } from '../schedule/schedule.ts'
import { airClear } from './air.ts'
import { type Alarms, createAlarms } from './alarms.ts'
import type { BackgroundMetrics } from './metrics.ts'
import { createSystemCommands, type SystemCommands } from './commands.ts'
import { answerSettle, SETTLE_TIMEOUT_MS } from './control.ts'
import { createKeyedRunner } from './keyed-runner.ts'
import { recordStateLoss } from './state-loss.ts'

export interface HolderOptions {
  readonly nats: Nats
  readonly store: EventStore
  readonly model: LedgerModel
  readonly indexed: (position: bigint) => Promise<void>
  readonly log: Log
  readonly metrics: BackgroundMetrics
  readonly settings: BackgroundSettings
}

export interface BackgroundSettings {
  readonly unconfirmedAfterMs: number
  readonly dispatchWindow: number
  readonly defaultIntervalMs: number
  /** A scheduled start that is later than this was missed. */
  readonly scheduleGraceMs: number
}

/** The parts that the work needs, made anew each time the lease is taken. */
interface Parts {
  readonly epoch: () => Epoch
  readonly checkpoints: Bucket
  readonly writer: OutcomeWriter
  readonly commands: SystemCommands
  readonly dispatch: Dispatch
  readonly desired: DesiredState
  readonly feed: Feed
  readonly live: LivePublisher
}

/** A test send is published once; after a take-over those of the last minutes are published again. */
const TESTS_AGAIN_MS = 10 * 60_000

const createParts = async (options: HolderOptions): Promise<Parts & { setEpoch: (epoch: Epoch) => void }> => {
  const { nats, store, model, indexed, log, settings } = options
  let current = (await streamEpoch(nats, 'OUTCOMES')) as Epoch
  const epoch = () => current
  const publisher = createPublisher(nats, { log })
  const checkpoints = openBucket(nats, 'checkpoints')
  const recipients = createRecipientReader(store, model)
  const writer = createOutcomeWriter({ store, model, indexed })
  const live = createLivePublisher(nats, publisher)
  return {
    epoch,
    setEpoch: (next) => (current = next),
    checkpoints,
    writer,
    live,
    commands: createSystemCommands(store),
    dispatch: createDispatch({
      nats,
      publisher,
      model,
      writer,
      recipients,
      window: settings.dispatchWindow,
      epoch,
    }),
    desired: createDesiredState({ nats, model, epoch, defaultIntervalMs: settings.defaultIntervalMs }),
    feed: createFeed({ nats, store, model, live, recipients, checkpoints, log, indexed }),
  }
}

/** Does the background work until the signal aborts, then ends what is in hand. */
export const holdBackground = async (options: HolderOptions, signal: AbortSignal): Promise<void> => {
  const { nats, store, model, log, metrics } = options
  const parts = await createParts(options)
  let ledger: Ledger | undefined = undefined
  const alarms = createAlarms<CampaignId>((id) => runner.wake(id))
  const runner = createKeyedRunner<CampaignId>((id) =>
    actOn(options, { ...parts, alarms }, () => ledger, id, signal),
  )
  const sessions = createKeyedRunner<string>((id) => guarded(log, () => parts.desired.session(id)))

  ledger = await startLedger(
    {
      nats,
      model,
      writer: parts.writer,
      checkpoints: parts.checkpoints,
      log,
      metrics,
      unconfirmedAfterMs: options.settings.unconfirmedAfterMs,
      onSession: (record) => recordSession(options, parts, record),
      onTest: (result) => reportTest(model, parts.feed, result),
      onSettled: (id) => {
        runner.wake(id)
        return Promise.resolve()
      },
      onLoss: async (epoch) => {
        parts.setEpoch(epoch)
        parts.dispatch.forget()
        await recordStateLoss({ model, writer: parts.writer, commands: parts.commands }, epoch)
      },
    },
    signal,
  )
  await parts.desired.everything()
  await refreshLostFeed(nats, parts, model)
  answerSettle(nats, (id) => settle(options, parts, ledger, runner.wake, id, signal), signal)
  for (const { campaignId } of model.campaignsIn(['RUNNING', 'CANCELLED', 'PAUSED'])) runner.wake(campaignId)
  const since = new Date(Date.now() - TESTS_AGAIN_MS).toISOString()
  for (const { campaignId } of model.testSendsSince(since)) runner.wake(campaignId)

  await Promise.all([
    ledger.ended,
    runRelay(
      {
        nats,
        store,
        publisher: createPublisher(nats, { log }),
        checkpoints: parts.checkpoints,
        log,
        consumer: metrics.relay,
        onPosition: metrics.relayed,
      },
      signal,
    ),
    parts.feed.run(signal),
    followRows(model, runner.wake, sessions.wake, signal),
    keepTidy(options, parts, signal),
    keepSchedule(options, parts, signal),
  ])
  await Promise.all([runner.stop(), sessions.stop()])
  alarms.stop()
}

const keepSchedule = (
  { model, log, settings }: HolderOptions,
  { commands, epoch }: Parts,
  signal: AbortSignal,
) => runSchedule({ model, commands, epoch, graceMs: settings.scheduleGraceMs, now: Date.now, log }, signal)

const TIDY_EVERY_MS = 3_600_000

const keepTidy = async ({ nats, model, log }: HolderOptions, { feed }: Parts, signal: AbortSignal) => {
  const refresh = async (id: CampaignId) => {
    const row = model.campaign(id)
    if (row !== undefined) await feed.refresh(row)
  }
  while (!signal.aborted) {
    await guarded(log, async () => {
      await tidyLive({ nats, refresh }, Date.now())
    })
    await delay(TIDY_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

const ROWS_POLL_MS = 20

/** Wakes whoever acts on a campaign or session whose row changed. */
const followRows = async (
  model: LedgerModel,
  wakeCampaign: (id: CampaignId) => void,
  wakeSession: (id: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    const { campaigns, sessions } = model.takeTouched()
    campaigns.forEach(wakeCampaign)
    sessions.forEach(wakeSession)
    await delay(ROWS_POLL_MS)
  }
}

/** One failure must not stop the others; the next change or take-over tries again. */
const guarded = async (log: Log, work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (error) {
    log.error({ error }, 'background work failed')
  }
}

const RETRY_MS = 1_000

/** Asked anew after an await: the compiler would remember the answer of before. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted

type ActingParts = Parts & { readonly alarms: Alarms<CampaignId> }

const actOn = async (
  options: HolderOptions,
  parts: ActingParts,
  ledger: () => Ledger | undefined,
  id: CampaignId,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      await act(options, parts, ledger(), id, signal)
      return
    } catch (error) {
      if (isAborted(signal)) return
      options.log.error({ error }, 'background work on a campaign failed, trying again')
      await delay(RETRY_MS)
    }
  }
}

const act = async (
  options: HolderOptions,
  parts: ActingParts,
  ledger: Ledger | undefined,
  id: CampaignId,
  signal: AbortSignal,
): Promise<void> => {
  const { nats, model } = options
  const { desired, dispatch, writer } = parts
  const row = model.campaign(id)
  if (row === undefined) return
  await desired.campaign(id)
  const since = new Date(Date.now() - TESTS_AGAIN_MS).toISOString()
  for (const test of model.testSends(id, since)) await dispatch.test(test)
  if (row.status === 'CANCELLED' && !row.restSkipped && ledger !== undefined) {
    await airClear(nats, ledger, id, signal)
    await dispatch.withdraw(row)
    await skipRest(writer, ledger, id)
  }
  if (row.status === 'COMPLETED') await dispatch.withdraw(row)
  if (row.status === 'RUNNING') await goOn(options, parts, ledger, row)
}

const goOn = async (
  options: HolderOptions,
  { alarms, commands, dispatch, writer }: ActingParts,
  ledger: Ledger | undefined,
  row: CampaignRow,
): Promise<void> => {
  const { model } = options
  const { campaignId: id, tenant } = row
  if (row.reopened < row.attempt) {
    await dispatch.withdraw(row)
    await reopenFailed({ model, writer }, row)
    return // The row has changed, which leads here again.
  }
  if (isSettled(row.totals) && ledger?.openIntents(id).length === 0)
    return commands.campaign(tenant, id, { type: 'CompleteCampaign', data: { totals: row.totals } })
  const waitMs = row.dispatchedTo > 0 ? 0 : Date.parse(row.notBefore ?? '') - Date.now()
  if (waitMs > 0) alarms.set(id, waitMs)
  else if (row.dispatchedTo > 0 || (await isStillStarted(options, id))) await dispatch.advance(id)
}

/** Until the first job a start can be undone: what the event store has by now counts, not what the index has. */
const isStillStarted = async ({ store, model, indexed }: HolderOptions, id: CampaignId): Promise<boolean> => {
  const head = await store.headOf(eventStreams.campaign(id))
  if (head !== undefined) await indexed(head.position)
  return model.campaign(id)?.status === 'RUNNING'
}

/** G9 */
const skipRest = async (writer: OutcomeWriter, ledger: Ledger, id: CampaignId): Promise<void> => {
  await writer.append(id, (row) => {
    if (row.restSkipped) return undefined
    const unconfirmed = ledger
      .openIntents(id)
      .filter(({ testId }) => testId === undefined)
      .map(({ position }) => position)
    const totals = { ...row.totals, pending: 0 }
    totals.unconfirmed += unconfirmed.length
    totals.skipped += row.totals.pending - unconfirmed.length
    return {
      type: 'RestSkipped',
      data: { reason: 'cancelled', unconfirmed, at: new Date().toISOString(), totals },
    }
  })
}

const SETTLE_POLL_MS = 25

const settle = async (
  { nats, store, model, indexed }: HolderOptions,
  { desired }: Parts,
  ledger: Ledger | undefined,
  wake: (id: CampaignId) => void,
  id: CampaignId,
  signal: AbortSignal,
): Promise<void> => {
  const head = await store.headOf(eventStreams.campaign(id))
  if (head === undefined || ledger === undefined) return
  await indexed(head.position)
  await desired.campaign(id)
  const until = AbortSignal.any([signal, AbortSignal.timeout(SETTLE_TIMEOUT_MS)])
  await airClear(nats, ledger, id, until)
  wake(id)
  const isPending = () => {
    const row = model.campaign(id)
    return row?.status === 'CANCELLED' && !row.restSkipped
  }
  while (isPending()) await delay(SETTLE_POLL_MS, undefined, { signal: until })
}

const isGone = (outcome: SessionOutcome): boolean =>
  outcome.kind === 'logged_out' || outcome.kind === 'banned'

/** What a session's stream remembers of it; connecting, resting and the like pass. */
const sessionCommandOf = (outcome: SessionOutcome): SessionCommand | undefined => {
  switch (outcome.kind) {
    case 'ready':
      return { type: 'RecordConnected', data: { maskedNumber: outcome.maskedNumber } }
    case 'disconnected':
      return { type: 'RecordDisconnected', data: { cause: outcome.cause } }
    case 'logged_out':
      return { type: 'RecordLoggedOut', data: {} }
    case 'banned':
      return { type: 'RecordBanned', data: { cause: outcome.cause } }
    case 'receipt':
    case 'connecting':
    case 'scan_qr':
    case 'timelocked':
    case 'resting':
      return undefined
  }
}

/** What a session says becomes an event of its own stream and a status of every campaign that uses it. */
const recordSession = async (
  { model }: HolderOptions,
  { commands, feed, epoch }: Parts,
  { tenant, message, sequence }: Extract<OutcomeRecord, { subject: 'session' }>,
): Promise<void> => {
  const cause = `outcome ${epoch()} ${sequence}`
  const { sessionId } = message
  const command = sessionCommandOf(message)
  if (command !== undefined) await commands.session(tenant, sessionId, command, cause)
  for (const row of model.campaignsOf(sessionId)) {
    if (row.tenant !== tenant || !usesNumber(row)) continue
    const words = sessionWords(message)
    if (words !== undefined) await feed.status(row, words, `${cause} ${row.campaignId}`)
    if (isGone(message) && (row.status === 'RUNNING' || row.status === 'PAUSED'))
      await commands.campaign(tenant, row.campaignId, {
        type: 'FailCampaign',
        data: { reason: 'numberGone', totals: row.totals },
      })
  }
}

const usesNumber = ({ status }: CampaignRow): boolean => status !== 'COMPLETED' && status !== 'CANCELLED'

const reportTest = async (model: LedgerModel, feed: Feed, { testId, outcome, traceparent }: TestResult) => {
  const row = model.campaign(outcome.campaignId)
  if (row === undefined) return
  const message = outcome.kind === 'sent' ? 'Test message sent' : `Test message not sent: ${outcome.reason}`
  const headers = traceparent === undefined ? {} : { traceparent }
  await withMessageSpan({ destination: 'OUTCOMES', operation: 'process', headers }, () =>
    feed.status(row, { status: 'ready', message }, `test ${testId}`),
  )
}

const LIVE_CHECKPOINT = 'live'

/** When LIVE was lost, the newest state of every campaign is published again. */
const refreshLostFeed = async (
  nats: Nats,
  { checkpoints, feed, live }: Parts,
  model: LedgerModel,
): Promise<void> => {
  const epoch = await streamEpoch(nats, 'LIVE')
  const saved = (await checkpoints.get(LIVE_CHECKPOINT))?.json() as { epoch?: string } | undefined
  if (saved?.epoch === epoch) return
  live.forget()
  for (const row of model.everyCampaign()) await feed.refresh(row)
  await checkpoints.put(LIVE_CHECKPOINT, { epoch })
}
