// The runs that campaign wants, by the number that sends them; kept up to date by a watch.
import { type Run, runSchema, type SessionId } from '@peyk/contracts'
import type { Bucket, Feed } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'

export interface Runs {
  of(sessionId: SessionId): readonly Run[]
  /** Calls the listener at each change; the answer takes it off again. */
  onChange(listener: () => void): () => void
  readonly caughtUp: Promise<void>
}

export const watchRuns = (bucket: Bucket, log: Log, signal: AbortSignal): Runs => {
  const runs = new Map<string, Run>()
  const listeners = new Set<() => void>()
  const feed: Feed = bucket.watch({
    signal,
    onEpochChange: () => runs.clear(),
    onChange: (change) => {
      const run = change.value === undefined ? undefined : runSchema.safeParse(change.json())
      if (run?.success === true) runs.set(change.key, run.data)
      else runs.delete(change.key)
      if (run?.success === false) log.error({ key: change.key, error: run.error }, 'run_unreadable')
      for (const listener of [...listeners]) listener()
    },
  })
  return {
    caughtUp: feed.caughtUp,
    of: (sessionId) => [...runs.values()].filter(({ sessionIds }) => sessionIds.includes(sessionId)),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
