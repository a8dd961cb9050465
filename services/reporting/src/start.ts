// Reporting, joined from its parts: events in, rows, reports out.
import { connectEventStore, type EventStore, observeCalls } from '@peyk/event-sourcing'
import {
  createAuthenticator,
  createHttpApi,
  eventStoreMetrics,
  type Scope,
  watchDisk,
} from '@peyk/service-kit'

import type { Settings } from './config.ts'
import { addRoutes } from './http/routes.ts'
import { startProjection } from './projections/run.ts'
import { openRows } from './store/rows-file.ts'

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
  const readModel = openRows(settings.DATA_DIR, (reason) => log.warn({ reason }, 'rows are built again'))
  scope.onStop('read model', () => readModel.close())
  watchDisk(metrics, settings.DATA_DIR)
  startProjection(scope, store, readModel)

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
