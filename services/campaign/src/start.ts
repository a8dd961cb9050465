// Campaign, joined from its parts: HTTP in each process, the background work under one lease.
import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { natsTopology } from '@peyk/contracts'
import { connectEventStore, type EventStore, observeCalls } from '@peyk/event-sourcing'
import { connectNats, ensureStreams, type Nats, openBucket } from '@peyk/messaging'
import { runProjection } from '@peyk/read-model'
import {
  consumerMetrics,
  createAuthenticator,
  createHttpApi,
  eventStoreMetrics,
  type HttpApi,
  type Scope,
  watchDisk,
  watchNats,
} from '@peyk/service-kit'
import { Gauge } from 'prom-client'

import { startBackground } from './background/background.ts'
import { createCampaignControl } from './background/control.ts'
import { type Catalogue, openCatalogue } from './catalogue/catalogue.ts'
import { cataloguePrefixes, catalogueProjection } from './catalogue/project.ts'
import type { CommandContext } from './commands/context.ts'
import { defaultIntervalMs, type Settings } from './config.ts'
import { addCampaignRoutes } from './http/campaign-routes.ts'
import { addControlRoutes } from './http/control-routes.ts'
import { addShareRoutes } from './http/share-routes.ts'
import { addImportRoutes } from './http/import-routes.ts'
import { addOpenApi } from './http/openapi.ts'
import { createRoutes } from './http/routes.ts'
import { addSessionRoutes } from './http/session-routes.ts'
import { createImportJobs, type ImportJobs } from './imports/import-jobs.ts'
import { createImportStore, type ImportStore } from './imports/import-store.ts'

export const start = async (scope: Scope<Settings>): Promise<void> => startParts(scope, await connect(scope))

interface Connections {
  readonly nats: Nats
  readonly store: EventStore
}

/** Everything but the connections, which a test shares between services. */
export const startParts = async (scope: Scope<Settings>, { nats, store }: Connections): Promise<void> => {
  const { settings } = scope
  const catalogue = runCatalogue(scope, store)
  runBackground(scope, nats, store)
  const context: CommandContext = {
    store,
    nats,
    catalogue,
    control: createCampaignControl(nats),
    access: openBucket(nats, 'campaign_access'),
    settings,
  }
  const imports = createImportStore(nats)
  const jobs = await runImports(scope, store, imports)
  await serve(scope, context, imports, jobs)
}

const connect = async (scope: Scope<Settings>): Promise<Connections> => {
  const { settings, log, metrics, signal } = scope
  const store = observeCalls(connectEventStore(settings.EVENTSTORE_URL), eventStoreMetrics(metrics))
  scope.onStop('event store', () => store.close())
  scope.readiness.add('event store', async () => {
    await store.health()
    return undefined
  })
  const nats = await connectNats({ url: settings.NATS_URL, name: 'campaign', log, signal })
  scope.onStop('nats', () => nats.close())
  watchNats(metrics, nats)
  watchDisk(metrics, settings.DATA_DIR)
  scope.readiness.add('nats', () => (nats.isConnected() ? undefined : 'disconnected'))
  await ensureStreams(nats, natsTopology(settings.NATS_REPLICAS), { role: 'owner', signal, log })
  return { nats, store }
}

const runCatalogue = (scope: Scope<Settings>, store: EventStore): Catalogue => {
  const { settings, log, metrics } = scope
  const catalogue = openCatalogue(settings.DATA_DIR, (reason) =>
    log.warn({ reason }, 'catalogue_built_again'),
  )
  scope.onStop('catalogue', () => catalogue.readModel.close())
  const lag = new Gauge({
    name: 'catalogue_lag_seconds',
    help: 'Age of the newest event when its row was there',
    registers: [metrics],
  })
  const consumer = consumerMetrics(metrics, 'catalogue')
  let isCaughtUp = false
  scope.readiness.add('catalogue', () => (isCaughtUp ? undefined : 'reads the events of before'))
  const stop = new AbortController()
  const running = runProjection({
    store,
    readModel: catalogue.readModel,
    streamPrefixes: cataloguePrefixes,
    project: catalogueProjection(catalogue.readModel.database),
    signal: stop.signal,
    onError: (error, attempt) => {
      consumer.failed()
      log.error({ error, attempt }, 'catalogue_stands_still')
    },
    onProgress: (progress) => {
      consumer.handled(progress.events, progress.seconds)
      lag.set(progress.lagMs / 1_000)
      isCaughtUp ||= progress.isCaughtUp
    },
  })
  scope.onStop('catalogue projection', async () => {
    stop.abort()
    await running
  })
  return catalogue
}

const runBackground = (scope: Scope<Settings>, nats: Nats, store: EventStore): void => {
  const { settings, log, metrics } = scope
  const background = startBackground({
    nats,
    store,
    dataDir: settings.DATA_DIR,
    replicas: settings.NATS_REPLICAS,
    owner: `${hostname()} ${process.pid}`,
    log,
    registry: metrics,
    settings: {
      unconfirmedAfterMs: settings.UNCONFIRMED_AFTER,
      dispatchWindow: settings.DISPATCH_WINDOW,
      defaultIntervalMs: defaultIntervalMs(settings),
      scheduleGraceMs: settings.SCHEDULE_GRACE,
    },
  })
  scope.onStop('background work', () => background.stop())
}

const SETTLE_DEAD_EVERY_MS = 60_000
const uploadsOf = ({ DATA_DIR }: Settings): string => join(DATA_DIR, 'uploads')

const runImports = async (
  scope: Scope<Settings>,
  store: EventStore,
  imports: ImportStore,
): Promise<ImportJobs> => {
  const { settings, log } = scope
  const folder = uploadsOf(settings)
  // What an earlier life of this process had in hand: nobody reads it any more.
  await rm(folder, { recursive: true, force: true })
  const stop = new AbortController()
  const jobs = createImportJobs({
    store,
    imports,
    folder,
    country: settings.DEFAULT_COUNTRY,
    maxRecipients: settings.MAX_RECIPIENTS,
    log,
    signal: stop.signal,
  })
  const settling = settleDeadImports(jobs, scope, stop.signal)
  scope.onStop('imports', async () => {
    stop.abort()
    await Promise.all([jobs.idle(), settling])
  })
  return jobs
}

/** Each minute: an import whose process died must not be said to run for ever. */
const settleDeadImports = async (
  jobs: ImportJobs,
  { log }: Scope<Settings>,
  signal: AbortSignal,
): Promise<void> => {
  for (;;) {
    const isStopped = await delay(SETTLE_DEAD_EVERY_MS, false, { signal }).catch(() => true)
    if (isStopped) return
    try {
      await jobs.settleDead()
    } catch (error) {
      log.warn({ error }, 'dead_imports_not_settled')
    }
  }
}

const serve = async (
  scope: Scope<Settings>,
  context: CommandContext,
  imports: ImportStore,
  jobs: ImportJobs,
): Promise<void> => {
  const { settings, log, metrics } = scope
  const api = createHttpApi({ settings, log, metrics, authenticator: createAuthenticator(settings) })
  addRoutes(api, context, imports, jobs)
  const listening = await api.listen()
  scope.onStop('http', () => listening.close())
}

const addRoutes = (api: HttpApi, context: CommandContext, imports: ImportStore, jobs: ImportJobs): void => {
  const { settings } = context
  const routes = createRoutes(api, context)
  const uploads = {
    folder: uploadsOf(settings),
    maxFileBytes: settings.MAX_UPLOAD,
    maxJsonBytes: settings.HTTP_BODY_LIMIT,
  }
  // Fixed paths come before those with an id.
  addImportRoutes(routes, { context, jobs, imports, uploads })
  addCampaignRoutes(routes, context)
  addControlRoutes(routes, context)
  addShareRoutes(routes, context)
  addSessionRoutes(routes, context)
  addOpenApi(routes)
}
