// Durable pull consumers: made, updated, deleted, looked at.
import type { ConsumerConfig, ConsumerInfo } from 'nats'

import type { Nats } from '../connection.ts'
import { NoStream } from '../errors.ts'
import { apiCode, askJetStream, isRefusal } from '../jetstream-api.ts'

export interface ConsumerDefinition {
  readonly stream: string
  /** Letters, digits, `-` and `_`. */
  readonly durable: string
  /** One subject pattern; filters of a work queue may not overlap. */
  readonly filter?: string
  /** How many may be out unacknowledged, over all processes. */
  readonly maxAckPending: number
  /** A message that is not answered for so long is delivered again. */
  readonly ackWaitMs: number
}

const NANOS_PER_MS = 1_000_000

/** Creates the durable pull consumer, or updates its limits. Throws NoStream, or JetStreamRefused for a filter that overlaps. */
export async function ensureConsumer(nats: Nats, definition: ConsumerDefinition): Promise<void> {
  const { stream, durable, filter } = definition
  const body = {
    stream_name: stream,
    config: {
      durable_name: durable,
      ack_policy: 'explicit',
      deliver_policy: 'all',
      replay_policy: 'instant',
      ack_wait: definition.ackWaitMs * NANOS_PER_MS,
      max_ack_pending: definition.maxAckPending,
      max_deliver: -1,
      ...(filter !== undefined && { filter_subject: filter }),
    },
  }
  await ask(nats, stream, `CONSUMER.DURABLE.CREATE.${stream}.${durable}`, body)
}

/** Deletes it; no error if it is not there. */
export async function deleteConsumer(nats: Nats, stream: string, durable: string): Promise<void> {
  try {
    await askJetStream(nats, `CONSUMER.DELETE.${stream}.${durable}`, undefined)
  } catch (error) {
    if (!isRefusal(error, apiCode.consumerNotFound, apiCode.streamNotFound)) throw error
  }
}

/** The names of a stream's consumers; throws NoStream. */
export async function listConsumers(nats: Nats, stream: string): Promise<readonly string[]> {
  const names: string[] = []
  for (;;) {
    const body = { offset: names.length }
    const page = await ask<{ total: number; consumers: readonly string[] | null }>(
      nats,
      stream,
      `CONSUMER.NAMES.${stream}`,
      body,
    )
    names.push(...(page.consumers ?? []))
    if (names.length >= page.total || (page.consumers ?? []).length === 0) return names
  }
}

export interface ConsumerBacklog {
  /** Not delivered yet. */
  readonly pending: number
  /** Delivered and not answered. */
  readonly unacknowledged: number
  readonly filter: string | undefined
}

/** What waits for this consumer; undefined if it is not there. */
export async function consumerBacklog(
  nats: Nats,
  stream: string,
  durable: string,
): Promise<ConsumerBacklog | undefined> {
  const call = `CONSUMER.INFO.${stream}.${durable}`
  try {
    const info = await askJetStream<Omit<ConsumerInfo, 'config'> & { config: Partial<ConsumerConfig> }>(
      nats,
      call,
      undefined,
    )
    return {
      pending: info.num_pending,
      unacknowledged: info.num_ack_pending,
      filter: info.config.filter_subject,
    }
  } catch (error) {
    if (isRefusal(error, apiCode.consumerNotFound, apiCode.streamNotFound)) return undefined
    throw error
  }
}

async function ask<T>(nats: Nats, stream: string, call: string, body: object): Promise<T> {
  try {
    return await askJetStream<T>(nats, call, body)
  } catch (error) {
    if (isRefusal(error, apiCode.streamNotFound)) throw new NoStream(stream)
    throw error
  }
}
