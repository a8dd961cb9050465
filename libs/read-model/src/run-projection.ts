// A projection: events into rows, a batch a transaction, checkpoint and all.
import { runSubscription, type EventStore, type RecordedEvent } from '@peyk/event-sourcing'

import type { LastEvent, ReadModel } from './read-model.ts'

export interface ProjectionProgress {
  readonly position: bigint
  /** How many events the batch had; 0: only the checkpoint moved. */
  readonly events: number
  /** How long the batch took; 0 without one. */
  readonly seconds: number
  /** How old the batch's last event was when its row was there, by `occurredAt`; 0 without an event. */
  readonly lagMs: number
  /** Everything that was there at the start has been projected. */
  readonly isCaughtUp: boolean
}

/** One event at a time, or a batch at once for those who gather before they write; each call is within a transaction. */
type Rows =
  | { readonly project: (event: RecordedEvent) => void; readonly projectBatch?: undefined }
  | { readonly projectBatch: (events: readonly RecordedEvent[]) => void; readonly project?: undefined }

interface ProjectionOptions {
  readonly store: EventStore
  readonly readModel: ReadModel
  readonly streamPrefixes: readonly string[]
  readonly signal: AbortSignal
  /** It failed, `attempt` times in a row, and will be tried again. */
  readonly onError?: (error: unknown, attempt: number) => void
  readonly onProgress?: (progress: ProjectionProgress) => void
  /** Default: the system's. */
  readonly now?: () => number
}

/** What writes the rows throws on an event that it does not know: the projection waits there and says so (A13). */
export type ProjectionToRun = ProjectionOptions & Rows

/** Runs until aborted. */
export const runProjection = async (projection: ProjectionToRun): Promise<void> => {
  const { store, readModel, streamPrefixes, signal, onError, onProgress, now = Date.now } = projection
  let isCaughtUp = false
  const report = (position: bigint, last: RecordedEvent | undefined, events: number, seconds: number) => {
    const lagMs = last === undefined ? 0 : lagOf(last, now())
    onProgress?.({ position, events, seconds, lagMs, isCaughtUp })
  }
  await runSubscription({
    store,
    streamPrefixes,
    signal,
    load: async () => {
      if (!(await isOfThisHistory(store, readModel.lastEvent()))) readModel.discard('otherHistory')
      return readModel.checkpoint()
    },
    handle: (batch, position) => {
      const startedAt = performance.now()
      applyBatch(projection, batch, position)
      report(position, batch.at(-1), batch.length, (performance.now() - startedAt) / 1_000)
      return Promise.resolve()
    },
    onCaughtUp: () => {
      isCaughtUp = true
      report(readModel.checkpoint() ?? 0n, undefined, 0, 0)
    },
    ...(onError === undefined ? {} : { onError }),
  })
}

/**
 * False when the store has another event where the rows' last one should be, or ends before it: it was replaced or
 * restored, and the rows tell of something that never happened in it. An event may be gone (deleted, `$maxCount`).
 */
const isOfThisHistory = async (store: EventStore, last: LastEvent | undefined): Promise<boolean> => {
  if (last === undefined) return true
  for await (const { id, position } of store.readAll({ from: last.position, maxCount: 1 })) {
    return position !== last.position || id === last.id
  }
  return false
}

/** All in one transaction; when that fails, one by one, so that the rows are right up to the event that fails. */
const applyBatch = (projection: ProjectionToRun, batch: readonly RecordedEvent[], position: bigint): void => {
  const { readModel } = projection
  const write = writerOf(projection)
  try {
    readModel.apply(position, () => write(newIn(batch, readModel)), batch.at(-1))
  } catch (error) {
    if (batch.length < 2) throw error
    for (const event of batch) readModel.apply(event.position, () => write([event]), event)
    readModel.apply(position, () => undefined)
  }
}

const writerOf = ({ project, projectBatch }: Rows): ((events: readonly RecordedEvent[]) => void) =>
  projectBatch ??
  ((events) => {
    for (const event of events) project(event)
  })

const newIn = (batch: readonly RecordedEvent[], readModel: ReadModel): readonly RecordedEvent[] => {
  const checkpoint = readModel.checkpoint() ?? -1n
  return batch.filter((event) => event.position > checkpoint)
}

const lagOf = ({ metadata }: RecordedEvent, nowMs: number): number => {
  const occurredAt = metadata['occurredAt']
  const occurredMs = typeof occurredAt === 'string' ? Date.parse(occurredAt) : Number.NaN
  return Number.isNaN(occurredMs) ? 0 : Math.max(0, nowMs - occurredMs)
}
