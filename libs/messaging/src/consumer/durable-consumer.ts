import type { Nats } from '../connection.ts'

export interface ConsumerDefinition {
  readonly stream: string
  readonly durable: string
  /** One subject pattern; filters of a work queue may not overlap. */
  readonly filter?: string
  readonly maxAckPending: number
  readonly ackWaitMs: number
}

/** Creates the durable pull consumer, or updates its limits. */
export function ensureConsumer(nats: Nats, definition: ConsumerDefinition): Promise<void> {
  return Promise.reject(new Error(nats.name + definition.durable))
}

/** Deletes it; no error if it is not there. */
export function deleteConsumer(nats: Nats, stream: string, durable: string): Promise<void> {
  return Promise.reject(new Error(nats.name + stream + durable))
}

/** The durable consumers of a stream. */
export function listConsumers(nats: Nats, stream: string): Promise<readonly string[]> {
  return Promise.reject(new Error(nats.name + stream))
}

/** How many messages wait for this consumer and how many are out unacknowledged; undefined if it is not there. */
export function consumerBacklog(
  nats: Nats,
  stream: string,
  durable: string,
): Promise<{ readonly pending: number; readonly unacknowledged: number } | undefined> {
  return Promise.reject(new Error(nats.name + stream + durable))
}
