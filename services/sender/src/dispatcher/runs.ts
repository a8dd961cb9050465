// The runs that campaign wants, from the bucket `runs`: a copy to choose by, and the leader's word before a send.
import { keys, type Run, runSchema, type SessionId } from '@peyk/contracts'
import type { Bucket, BucketChange } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'

export interface Runs {
  readonly caughtUp: Promise<void>
  ofSession(sessionId: SessionId): readonly Run[]
  /** Reads the run from the leader. */
  newest(run: Run): Promise<Run | undefined>
  /** Calls the listener at each change; the answer takes it off. */
  onChange(listener: () => void): () => void
}

export const watchRuns = (
  bucket: Bucket,
  options: { readonly signal: AbortSignal; readonly log: Log },
): Runs => {
  const runs = new Map<string, Run>()
  const listeners = new Set<() => void>()
  const onChange = (change: BucketChange) => {
    runs.delete(change.key)
    if (change.value !== undefined) {
      const run = runSchema.safeParse(change.json())
      if (run.success) runs.set(change.key, run.data)
      else options.log.error({ key: change.key, error: run.error }, 'run_unreadable')
    }
    for (const listener of [...listeners]) listener()
  }
  const feed = bucket.watch({ onChange, onEpochChange: () => runs.clear(), signal: options.signal })
  return {
    caughtUp: feed.caughtUp,
    ofSession: (sessionId) => [...runs.values()].filter(({ sessionIds }) => sessionIds.includes(sessionId)),
    newest: async ({ tenant, campaignId }) => {
      const entry = await bucket.get(keys.run(tenant, campaignId))
      return entry && runSchema.parse(entry.json())
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Whether the run lets this number send now. */
export const isOpen = (run: Run | undefined, sessionId: SessionId, nowMs: number): boolean =>
  run?.gate === 'open' && run.sessionIds.includes(sessionId) && opensAt(run) <= nowMs

export const opensAt = ({ notBefore }: Run): number => (notBefore === undefined ? 0 : Date.parse(notBefore))
