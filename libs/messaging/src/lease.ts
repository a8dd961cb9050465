import type { Nats } from './connection.ts'
import type { Log } from './log.ts'

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

/** Waits until the lease is ours; throws the signal's reason when it aborts. */
export function acquireLease(
  nats: Nats,
  options: LeaseOptions & { readonly signal: AbortSignal },
): Promise<Lease> {
  return Promise.reject(new Error(nats.name + options.key))
}

/** Takes the lease if it is free. */
export function tryAcquireLease(nats: Nats, options: LeaseOptions): Promise<Lease | undefined> {
  return Promise.reject(new Error(nats.name + options.key))
}
