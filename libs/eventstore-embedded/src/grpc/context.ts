import type { EventLog } from '../store/event-log.ts'

export type Limits = Readonly<{
  /** The sum of the events of one append. */
  maxAppendBytes: number
  /** The longest that an append may wait for its last chunk and for its turn. */
  writeTimeoutMs: number
}>

/** What the handlers of the protocol's calls share. */
export type ServiceContext = Readonly<{
  log: EventLog
  limits: Limits
  /** Aborts when the server stops: readers are told, appends in hand are finished. */
  stopping: AbortSignal
  activity: Activity
}>

export type ReadKind = 'stream' | 'all' | 'stream_subscription' | 'all_subscription'

/** Where the handlers report what they did, for the metrics. */
export type Activity = Readonly<{
  appended: (outcome: string) => void
  delivered: (kind: ReadKind) => void
  /** A read or a subscription began; the answer is called when it ends. */
  reading: (kind: ReadKind) => () => void
}>
