// All sessions of the installation, as the bucket `sessions` wants them; each finds its owner by its lease.
import { type DesiredSession, desiredSessionSchema, type SessionId } from '@peyk/contracts'
import { type Bucket, type BucketChange, type Feed } from '@peyk/messaging'

import { Session, type SessionDeps } from './session.ts'

export interface Sessions {
  /** Resolves when every session that was wanted at the start is known. */
  readonly caughtUp: Promise<void>
  /** Ends them all in good order (SPEC S10). */
  stop(): Promise<void>
}

export const startSessions = (bucket: Bucket, deps: SessionDeps): Sessions => {
  const sessions = new Map<SessionId, Session>()
  const watching = new AbortController()
  const want = (desired: DesiredSession) => {
    const present = sessions.get(desired.sessionId)
    if (present === undefined) sessions.set(desired.sessionId, new Session(deps, desired))
    else present.want(desired)
  }
  const onChange = (change: BucketChange) => {
    // A key that is gone (or a bucket that was lost) is no wish to unlink: that is said with `wanted`.
    if (change.value === undefined) return
    const desired = desiredSessionSchema.safeParse(change.json())
    if (desired.success) want(desired.data)
    else deps.log.error({ key: change.key, error: desired.error }, 'desired_session_unreadable')
  }
  const feed: Feed = bucket.watch({ onChange, signal: watching.signal })
  return {
    caughtUp: feed.caughtUp,
    stop: async () => {
      watching.abort()
      await feed.ended
      await Promise.all([...sessions.values()].map((session) => session.stop()))
    },
  }
}
