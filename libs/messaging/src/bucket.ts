import type { Nats } from './connection.ts'
import type { Feed, EpochChange } from './feed/ordered-feed.ts'
import type { Payload } from './message.ts'

export interface BucketEntry {
  readonly key: string
  readonly value: Uint8Array
  readonly revision: number
  json(): unknown
}

/** A change seen by a watch; `value` is undefined when the key was deleted. Expiry is not seen. */
export interface BucketChange {
  readonly key: string
  readonly value: Uint8Array | undefined
  readonly revision: number
  json(): unknown
}

export interface WatchOptions {
  /** `tenant.*`, `tenant.>`, one key, or `>` for all (default). */
  readonly pattern?: string
  readonly onChange: (change: BucketChange) => void | Promise<void>
  /** The bucket was made anew: forget what was read, all of it comes again. */
  readonly onEpochChange?: (change: EpochChange) => void | Promise<void>
  readonly signal: AbortSignal
}

/** A key-value bucket. Reads come from the leader, never stale. */
export interface Bucket {
  readonly name: string
  get(key: string): Promise<BucketEntry | undefined>
  /** Writes whatever was there; answers the revision. */
  put(key: string, value: Payload): Promise<number>
  /** Throws WrongLastSequence if the key is there. */
  create(key: string, value: Payload): Promise<number>
  /** Throws WrongLastSequence unless the key has this revision. */
  update(key: string, value: Payload, revision: number): Promise<number>
  /** Leaves a mark that watches see; with a revision only if the key has it still. */
  delete(key: string, options?: { readonly revision?: number }): Promise<void>
  /** As delete, and the key's history goes too. */
  purge(key: string): Promise<void>
  keys(pattern?: string): Promise<readonly string[]>
  entries(pattern?: string): Promise<readonly BucketEntry[]>
  /** The present values first, then every change, in order. `caughtUp` tells when the present ones are through. */
  watch(options: WatchOptions): Feed
}

/** A bucket that ensureStreams made. */
export function openBucket(nats: Nats, name: string): Bucket {
  throw new Error(nats.name + name)
}
