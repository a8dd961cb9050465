// The projection of this process: events into its rows, with how far it is for operators.
import type { EventStore } from '@peyk/event-sourcing'
import { type ReadModel, runProjection } from '@peyk/read-model'
import { consumerMetrics, type Scope } from '@peyk/service-kit'
import { Gauge } from 'prom-client'

import type { Settings } from '../config.ts'
import { removeOtherVersions } from '../store/rows-file.ts'
import { watchTotals } from '../reconcile/watch-totals.ts'
import { reportingPrefixes, reportingProjection } from './project.ts'

/** Runs until the process stops. */
export const startProjection = (scope: Scope<Settings>, store: EventStore, readModel: ReadModel): void => {
  const { log, settings } = scope
  const { lag, caughtUp, progress, consumer } = projectionMetrics(scope)
  let end: bigint | undefined
  let isDone = false
  const share = (position: bigint) => {
    if (isDone || end === 0n) return 1
    return end === undefined ? 0 : Math.min(1, Number(position) / Number(end))
  }
  scope.readiness.add(
    'rows',
    () => (isDone ? undefined : `built up to ${Math.floor(share(readModel.checkpoint() ?? 0n) * 100)} %`),
    // The reports that are not ready say so themselves; the others can be read.
    { informative: true },
  )
  watchTotals(scope.metrics, readModel.database)
  const stop = new AbortController()
  // Without it there is no share to be told, and everything else goes on.
  const looking = endOf(store).then(
    (position) => (end = position),
    () => undefined,
  )
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
    onProgress: ({ position, events, seconds, lagMs, isCaughtUp }) => {
      consumer.handled(events, seconds)
      lag.set(lagMs / 1_000)
      if (isCaughtUp && !isDone) {
        const removed = removeOtherVersions(settings.DATA_DIR)
        if (removed.length > 0) log.info({ removed }, 'rows of other versions are removed')
      }
      isDone ||= isCaughtUp
      caughtUp.set(isDone ? 1 : 0)
      progress.set(share(position))
    },
  })
  scope.onStop('projection', async () => {
    stop.abort()
    await Promise.all([running, looking])
  })
}

const endOf = async (store: EventStore): Promise<bigint> => {
  for await (const { position } of store.readAll({ direction: 'backwards', from: 'end', maxCount: 1 }))
    return position
  return 0n
}

const projectionMetrics = ({ metrics }: Scope<Settings>) => {
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
  const progress = new Gauge({
    name: 'projection_progress_ratio',
    help: 'How much of what stood in the event store at the start is in the rows, from 0 to 1',
    registers,
  })
  return { lag, caughtUp, progress, consumer: consumerMetrics(metrics, 'reporting') }
}
