// Reporting, joined from its parts: events in, rows, reports out.
import { join } from 'node:path'

import { connectEventStore, type EventStore, observeCalls } from '@peyk/event-sourcing'
import { openReadModel, runProjection } from '@peyk/read-model'
import {
  consumerMetrics,
  createAuthenticator,
  createHttpApi,
  eventStoreMetrics,
  type Scope,
  watchDisk,
} from '@peyk/service-kit'
import { Gauge } from 'prom-client'

import type { Settings } from './config.ts'
import { addRoutes } from './http/routes.ts'
import { reportingPrefixes, reportingProjection } from './projections/project.ts'
import { REPORTING_VERSION, reportingSchema } from './projections/schema.ts'

export const start = async (scope: Scope<Settings>): Promise<void> => {
  const { settings, metrics } = scope
  const store = observeCalls(connectEventStore(settings.EVENTSTORE_URL), eventStoreMetrics(metrics))
  scope.onStop('event store', () => store.close())
  scope.readiness.add('event store', async () => {
    await store.health()
    return undefined
  })
  await startParts(scope, store)
}

/** Everything but the connection, of which a process has one. */
export const startParts = async (scope: Scope<Settings>, store: EventStore): Promise<void> => {
  const { settings, log, metrics } = scope
  const readModel = openReadModel({
    file: join(settings.DATA_DIR, 'reporting.sqlite'),
    name: 'reporting',
    version: REPORTING_VERSION,
    schema: reportingSchema,
    onDiscarded: (reason) => log.warn({ reason }, 'rows are built again'),
  })
  scope.onStop('read model', () => readModel.close())
  watchDisk(metrics, settings.DATA_DIR)
  project(scope, store, readModel)

  const api = createHttpApi({ settings, log, metrics, authenticator: createAuthenticator(settings) })
  addRoutes(api, {
    store,
    readModel,
    freshnessTimeoutMs: settings.REPORT_FRESHNESS_TIMEOUT,
    replaysAtOnce: settings.REPORT_REPLAYS_AT_ONCE,
  })
  const listening = await api.listen()
  scope.onStop('http', () => listening.close())
}

const project = (
  scope: Scope<Settings>,
  store: EventStore,
  readModel: ReturnType<typeof openReadModel>,
): void => {
  const { log, metrics } = scope
  const registers = [metrics]
  const lag = new Gauge({
    name: 'projection_lag_seconds',
    help: 'Age of the newest event when its rows were there',
    registers,
  })
  const caughtUp = new Gauge({
    name: 'projection_caught_up',
    help: '1 once all events of before are in the rows',
    registers,
  })
  const consumer = consumerMetrics(metrics, 'reporting')
  const stop = new AbortController()
  const running = runProjection({
    store,
    readModel,
    streamPrefixes: reportingPrefixes,
    projectBatch: reportingProjection(readModel.database),
    signal: stop.signal,
    onError: (error, attempt) => {
      consumer.failed()
      log.error({ error, attempt }, 'the projection stands still')
    },
    onProgress: ({ events, seconds, lagMs, isCaughtUp }) => {
      consumer.handled(events, seconds)
      lag.set(lagMs / 1_000)
      caughtUp.set(isCaughtUp ? 1 : 0)
    },
  })
  scope.onStop('projection', async () => {
    stop.abort()
    await running
  })
}
