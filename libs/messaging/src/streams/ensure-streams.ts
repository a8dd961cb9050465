import type { Nats } from '../connection.ts'
import type { Topology } from '../definitions.ts'
import type { Log } from '../log.ts'

export interface FieldDifference {
  readonly stream: string
  readonly field: string
  readonly actual: string
  readonly wanted: string
  /** `drift` stops the start; `widen` the owner applies by itself; `narrow` only an operator applies. */
  readonly kind: 'drift' | 'widen' | 'narrow'
}

export interface StreamPlan {
  /** Names of streams that are not there; `KV_<bucket>` and `OBJ_<store>` stand for buckets and object stores. */
  readonly missing: readonly string[]
  readonly differences: readonly FieldDifference[]
}

export interface EnsureStreamsOptions {
  /** The owner creates and widens; a verifier waits for that and checks. */
  readonly role: 'owner' | 'verifier'
  /** How long to wait for NATS and, as verifier, for the owner; default 30 s. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
  readonly log?: Log
}

/** Makes NATS hold what the definitions say, or throws StreamDrift with the diff. */
export async function ensureStreams(
  nats: Nats,
  topology: Topology,
  options: EnsureStreamsOptions,
): Promise<void> {
  await Promise.reject(new Error(`not yet ${nats.name} ${typeof topology} ${options.role}`))
}

/** What differs, without changing anything. */
export async function planStreams(nats: Nats, topology: Topology): Promise<StreamPlan> {
  return Promise.reject(new Error(`not yet ${nats.name} ${typeof topology}`))
}

/** For operators: creates, widens and narrows. Drift throws. */
export async function applyStreams(nats: Nats, topology: Topology): Promise<StreamPlan> {
  return Promise.reject(new Error(`not yet ${nats.name} ${typeof topology}`))
}

/** The diff as lines for people. */
export const formatPlan = (plan: StreamPlan): string => plan.missing.join('\n')
