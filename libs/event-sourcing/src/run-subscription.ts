// A checkpointed reader of everything. Its rules:
//  1. One batch at a time, in order; the next begins when `handle` has resolved.
//  2. Work first, then the checkpoint: `handle` does both, best in one transaction.
//  3. A batch that fails is tried again for ever with growing delay. Nothing is skipped.
//  4. While catching up a batch waits to be filled; live, it goes as soon as the last one is done.
import { backOffMs, pause } from './back-off.ts'
import { BatchQueue } from './batch-queue.ts'
import type { EventStore, RecordedEvent } from './event-store.ts'

export interface SubscriptionToRun {
  readonly store: EventStore
  /** Only streams whose names begin with one of these. */
  readonly streamPrefixes: readonly string[]
  /** The checkpoint to go on after; undefined: from the start. */
  readonly load: () => Promise<bigint | undefined>
  /** Does the work of a batch and keeps `position` as the checkpoint. A batch may be empty: only the checkpoint moved. */
  readonly handle: (batch: readonly RecordedEvent[], position: bigint) => Promise<void>
  readonly signal: AbortSignal
  /** Default 500 events. */
  readonly maxBatch?: number
  /** How long a batch may wait to be filled while catching up. Default 20 ms. */
  readonly maxWaitMs?: number
  /** Everything that was there has been handled; called again after each reconnection. */
  readonly onCaughtUp?: () => void
  /** `load` or `handle` failed, `attempt` times in a row; it will be tried again. */
  readonly onError?: (error: unknown, attempt: number) => void
}

const DEFAULT_MAX_BATCH = 500
const DEFAULT_MAX_WAIT_MS = 20
const RETRY_BACK_OFF = { firstMs: 100, maxMs: 30_000 }

/** Runs until aborted; then finishes the batch in hand and resolves. */
export const runSubscription = async (options: SubscriptionToRun): Promise<void> => {
  const { store, streamPrefixes, load, handle, signal, onCaughtUp } = options
  const loaded = await untilItSucceeds(load, options)
  if (loaded === undefined) return
  const after = loaded.value ?? 'start'
  const queue = new BatchQueue({
    maxBatch: options.maxBatch ?? DEFAULT_MAX_BATCH,
    maxWaitMs: options.maxWaitMs ?? DEFAULT_MAX_WAIT_MS,
  })
  const stop = new AbortController()
  const ended = AbortSignal.any([signal, stop.signal])
  const filling = queue.fill(store.subscribeToAll({ after, streamPrefixes, signal: ended }), ended)
  try {
    for (;;) {
      const batch = await queue.take()
      if (batch === undefined) break
      const { events, position } = batch
      if (position !== undefined) await untilItSucceeds(() => handle(events, position), options)
      if (signal.aborted) break
      if (batch.caughtUp) onCaughtUp?.()
    }
  } finally {
    stop.abort()
    await filling
  }
}

/** The value, or undefined when aborted before it came. */
const untilItSucceeds = async <T>(
  work: () => Promise<T>,
  { signal, onError }: Pick<SubscriptionToRun, 'signal' | 'onError'>,
): Promise<{ value: T } | undefined> => {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      return { value: await work() }
    } catch (error) {
      onError?.(error, attempt)
      await pause(backOffMs(RETRY_BACK_OFF, attempt), signal)
    }
  }
  return undefined
}
