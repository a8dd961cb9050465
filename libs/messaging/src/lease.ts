/*
 * A lease: who may do a thing now, kept in a bucket whose entries expire.
 *
 *   free -> held -> lost | released
 *
 * - It is taken by creating the key, renewed by updating the revision that we wrote last, and released by deleting it.
 * - It counts as lost LOSE_EARLY before the server lets it expire, by the monotonic clock and from the moment when the last
 *   successful renewal was sent: so it is over for us before it can begin for another.
 * - An expired entry makes no event (NATS 2.9), so who waits looks again and again.
 * - A holder that does not know that it lost (a frozen process) still writes: therefore the fence is in the write.
 */
import { randomUUID } from 'node:crypto'

import { type Bucket, openBucket } from './bucket.ts'
import type { Nats } from './connection.ts'
import { WrongLastSequence } from './errors.ts'
import { errorLine, type Log, silentLog } from './log.ts'
import { pause } from './wait.ts'

export interface LeaseOptions {
  readonly bucket: string
  readonly key: string
  /** Who we are, for operators to read. */
  readonly owner: string
  /** The bucket's time to live; default 15 s. */
  readonly ttlMs?: number
  /** Default 4 s. */
  readonly renewMs?: number
  /** How often a lease that is held by another is looked at; default 1 s. */
  readonly pollMs?: number
  /** Called once if it is lost (not when it was released). */
  readonly onLost?: (reason: string) => void
  readonly log?: Log
}

/** A right that one process has at a time. It can be lost at any moment: the fence is in the write. */
export interface Lease {
  readonly key: string
  /** Grows with each owner: a fencing token. */
  readonly fence: number
  /** Aborts when it is lost or released. */
  readonly signal: AbortSignal
  isHeld(): boolean
  release(): Promise<void>
}

const DEFAULT_TTL_MS = 15_000
const DEFAULT_RENEW_MS = 4_000
const DEFAULT_POLL_MS = 1_000
/** A renewal that failed is tried again after this. */
const RETRY_MS = 500
/** 10 s of 15. */
const HELD_SHARE = 2 / 3

/** Waits until the lease is ours; throws the signal's reason when it aborts. */
export async function acquireLease(
  nats: Nats,
  options: LeaseOptions & { readonly signal: AbortSignal },
): Promise<Lease> {
  const { signal, pollMs = DEFAULT_POLL_MS, key, log = silentLog } = options
  for (;;) {
    signal.throwIfAborted()
    try {
      const lease = await tryAcquireLease(nats, options)
      if (lease !== undefined) return await handOver(lease, signal)
    } catch (error) {
      signal.throwIfAborted()
      log.debug({ key, error: errorLine(error) }, 'lease cannot be asked for')
    }
    await pause(pollMs * (0.75 + Math.random() * 0.5), signal)
  }
}

/** Takes the lease if it is free; throws NatsUnavailable when that cannot be known. */
export async function tryAcquireLease(nats: Nats, options: LeaseOptions): Promise<Lease | undefined> {
  const bucket = openBucket(nats, options.bucket, options.log === undefined ? {} : { log: options.log })
  // Looking first costs less than a refused write, for each of many that wait.
  if ((await bucket.get(options.key)) !== undefined) return undefined
  const token = randomUUID()
  const askedAt = performance.now()
  const revision = await take(bucket, options, token)
  return revision === undefined ? undefined : new HeldLease(bucket, options, token, revision, askedAt)
}

/** A lease that arrives after nobody wants it any more is given back. */
async function handOver(lease: Lease, signal: AbortSignal): Promise<Lease> {
  if (!signal.aborted) return lease
  await lease.release()
  throw new Error('the lease is not wanted any more', { cause: signal.reason })
}

async function take(bucket: Bucket, options: LeaseOptions, token: string): Promise<number | undefined> {
  try {
    return await bucket.create(options.key, { owner: options.owner, token })
  } catch (error) {
    if (error instanceof WrongLastSequence) return undefined
    // The answer got lost: the entry itself tells whether it is ours.
    const revision = await revisionOf(bucket, options.key, token)
    if (revision === undefined) throw error
    return revision
  }
}

async function revisionOf(bucket: Bucket, key: string, token: string): Promise<number | undefined> {
  const entry = await bucket.get(key)
  const value = entry?.json()
  const isOurs = typeof value === 'object' && value !== null && 'token' in value && value.token === token
  return isOurs ? entry?.revision : undefined
}

class HeldLease implements Lease {
  readonly key: string
  readonly fence: number
  readonly #bucket: Bucket
  readonly #options: LeaseOptions
  readonly #log: Log
  readonly #token: string
  readonly #heldForMs: number
  readonly #over = new AbortController()
  #state: 'held' | 'lost' | 'released' = 'held'
  #revision: number
  #renewedAt: number
  #lossTimer: NodeJS.Timeout | undefined
  #renewing: Promise<void>

  constructor(bucket: Bucket, options: LeaseOptions, token: string, revision: number, askedAt: number) {
    this.key = options.key
    this.fence = revision
    this.#bucket = bucket
    this.#options = options
    this.#log = options.log ?? silentLog
    this.#token = token
    this.#revision = revision
    this.#renewedAt = askedAt
    this.#heldForMs = (options.ttlMs ?? DEFAULT_TTL_MS) * HELD_SHARE
    this.#armLoss()
    this.#renewing = this.#keepRenewing()
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  isHeld(): boolean {
    return this.#state === 'held' && performance.now() - this.#renewedAt < this.#heldForMs
  }

  async release(): Promise<void> {
    if (this.#state !== 'held') return
    this.#end('released')
    await this.#renewing
    try {
      await this.#bucket.delete(this.key, { revision: this.#revision })
    } catch (error) {
      this.#log.debug({ key: this.key, error: errorLine(error) }, 'lease was not deleted, it will expire')
    }
  }

  async #keepRenewing(): Promise<void> {
    let waitMs = this.#options.renewMs ?? DEFAULT_RENEW_MS
    for (;;) {
      await pause(waitMs, this.#over.signal)
      if (this.#state !== 'held') return
      waitMs = (await this.#renew()) ? (this.#options.renewMs ?? DEFAULT_RENEW_MS) : RETRY_MS
    }
  }

  /** False when it is not known whether it worked: then it is tried again. */
  async #renew(): Promise<boolean> {
    const askedAt = performance.now()
    try {
      const value = { owner: this.#options.owner, token: this.#token }
      this.#renewed(await this.#bucket.update(this.key, value, this.#revision), askedAt)
      return true
    } catch (error) {
      if (error instanceof WrongLastSequence) return this.#checkOwnership()
      this.#log.debug({ key: this.key, error: errorLine(error) }, 'lease was not renewed')
      return false
    }
  }

  /** Refused: by an earlier renewal of ours whose answer got lost, or because it is another's. */
  async #checkOwnership(): Promise<boolean> {
    try {
      const revision = await revisionOf(this.#bucket, this.key, this.#token)
      if (revision === undefined) this.#end('lost', 'another has it, or it expired')
      else this.#revision = revision
    } catch (error) {
      this.#log.debug({ key: this.key, error: errorLine(error) }, 'lease cannot be read')
    }
    return false
  }

  #renewed(revision: number, askedAt: number): void {
    this.#revision = revision
    if (this.#state !== 'held') return
    this.#renewedAt = askedAt
    this.#armLoss()
  }

  #armLoss(): void {
    clearTimeout(this.#lossTimer)
    const leftMs = this.#renewedAt + this.#heldForMs - performance.now()
    this.#lossTimer = setTimeout(() => this.#end('lost', 'it was not renewed in time'), Math.max(0, leftMs))
  }

  #end(state: 'lost' | 'released', reason = 'released'): void {
    if (this.#state !== 'held') return
    this.#state = state
    clearTimeout(this.#lossTimer)
    this.#over.abort(new Error(`lease ${state}: ${reason}`))
    if (state === 'released') return
    this.#log.warn({ key: this.key, reason }, 'lease lost')
    this.#options.onLost?.(reason)
  }
}
