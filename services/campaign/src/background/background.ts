// The background work of campaign: one process at a time does it, whoever holds the lease.
import { setTimeout as delay } from 'node:timers/promises'

import { eventStreamPrefixes, keys, natsTopology } from '@peyk/contracts'
import type { EventStore } from '@peyk/event-sourcing'
import { acquireLease, ensureStreams, type Log, type Nats } from '@peyk/messaging'
import { runProjection } from '@peyk/read-model'
import { consumerMetrics, type Metrics } from '@peyk/service-kit'
import type { Registry } from 'prom-client'

import { openLedgerModel } from '../ledger/model.ts'
import { type BackgroundSettings, holdBackground } from './holder.ts'
import { createBackgroundMetrics } from './metrics.ts'
import { showCampaigns } from './show-campaigns.ts'
import { showStreams } from './show-streams.ts'

export interface BackgroundOptions {
  readonly nats: Nats
  readonly store: EventStore
  readonly dataDir: string
  readonly replicas: number
  /** Who we are, for operators to read in the lease. */
  readonly owner: string
  readonly log: Log
  readonly registry: Registry | Metrics
  readonly settings: BackgroundSettings
}

export interface Background {
  /** Ends the work in hand, gives the lease back and closes the index. */
  stop(): Promise<void>
}

const RETRY_MS = 500
const INDEX_TIMEOUT_MS = 10_000

/** Keeps the ledger's index, and does the background work whenever the lease is ours. */
export const startBackground = (options: BackgroundOptions): Background => {
  const { nats, store, log } = options
  const stop = new AbortController()
  const model = openLedgerModel(options.dataDir)
  const metrics = createBackgroundMetrics(options.registry)
  const index = consumerMetrics(options.registry, 'ledger_index')
  showStreams(options.registry, nats)
  showCampaigns(options.registry, model)
  const caughtUp = Promise.withResolvers<undefined>()
  const projection = runProjection({
    store,
    readModel: model.readModel,
    streamPrefixes: [
      eventStreamPrefixes.campaign,
      eventStreamPrefixes.outcomes,
      eventStreamPrefixes.recipients,
      eventStreamPrefixes.session,
    ],
    project: model.project,
    signal: stop.signal,
    onError: (error) => {
      index.failed()
      log.error({ error }, 'the index of the ledger stands still')
    },
    onProgress: ({ events, seconds, isCaughtUp }) => {
      index.handled(events, seconds)
      if (isCaughtUp) caughtUp.resolve(undefined)
    },
  })
  const indexed = async (position: bigint) => {
    if (!(await model.readModel.waitForPosition(position, INDEX_TIMEOUT_MS)))
      throw new Error('the index of the ledger is behind')
  }
  const hold = async (signal: AbortSignal) => {
    await Promise.race([caughtUp.promise, aborted(signal)])
    signal.throwIfAborted()
    metrics.held(true)
    await holdBackground({ nats, store, model, indexed, log, metrics, settings: options.settings }, signal)
  }
  const working = whileLeased(options, hold, () => metrics.held(false), stop.signal)
  return {
    stop: async () => {
      stop.abort()
      await Promise.all([working, projection])
      model.readModel.close()
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Takes the lease, works until it is lost, and so on until the signal aborts. Lost streams are made again first. */
const whileLeased = async (
  { nats, replicas, owner, log }: BackgroundOptions,
  hold: (signal: AbortSignal) => Promise<void>,
  onEnd: () => void,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      await ensureStreams(nats, natsTopology(replicas), { role: 'owner', signal, log })
      const lease = await acquireLease(nats, {
        bucket: 'leases',
        key: keys.backgroundLease,
        owner,
        signal,
        log,
      })
      const held = AbortSignal.any([signal, lease.signal])
      log.info({ fence: lease.fence }, 'background work taken')
      try {
        await hold(held)
      } finally {
        onEnd()
        await lease.release()
      }
    } catch (error) {
      if (isAborted(signal)) return
      log.warn({ error }, 'background work interrupted, taking it again')
      await delay(RETRY_MS)
    }
  }
}

/** Asked anew after an await: the compiler would remember the answer of before. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted
