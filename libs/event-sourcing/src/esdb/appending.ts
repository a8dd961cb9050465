// Appends with a deadline of our own, since the client's batch append has none, and idempotent retries.
import { randomUUID } from 'node:crypto'
import { types } from 'node:util'

import { binaryEvent, jsonEvent, type AppendExpectedRevision, type EventData } from '@eventstore/db-client'

import { backOffMs, pause } from '../back-off.ts'
import { AppendTooLarge, EventStoreUnavailable, InvalidAppend } from '../event-store-errors.ts'
import type { EventToAppend, ExpectedRevision, StreamHead } from '../event-store.ts'
import { inOurWords } from './client-errors.ts'
import type { Connection } from './connection.ts'

export interface AppendLimits {
  /** For all tries together. */
  readonly appendTimeoutMs: number
  readonly maxAppendBytes: number
  /** Of all appends that wait for an answer; what comes on top waits, within its time, for its turn. */
  readonly maxPendingBytes: number
}

interface Append {
  readonly streamName: string
  readonly events: readonly EventToAppend[]
  readonly expectedRevision: ExpectedRevision
}

interface Batch {
  readonly messages: EventData[]
  readonly bytes: number
}

const RETRY_BACK_OFF = { firstMs: 50, maxMs: 1_000 }
const TRIES_WITHIN_TIMEOUT = 2
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const append = async (
  connection: Connection,
  { streamName, events, expectedRevision }: Append,
  limits: AppendLimits,
): Promise<StreamHead> => {
  const batch = toBatch(events, limits.maxAppendBytes)
  const deadline = performance.now() + limits.appendTimeoutMs
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await appendOnce(connection, streamName, batch, expectedRevision, limits)
    } catch (error) {
      const known = inOurWords(error, { operation: 'append', streamName, expected: expectedRevision })
      const delayMs = backOffMs(RETRY_BACK_OFF, attempt)
      const hasTime = performance.now() + delayMs < deadline && !connection.closing.aborted
      if (!(known instanceof EventStoreUnavailable) || !hasTime) throw known
      await pause(delayMs, connection.closing)
    }
  }
}

const appendOnce = async (
  connection: Connection,
  streamName: string,
  { messages, bytes }: Batch,
  expectedRevision: ExpectedRevision,
  { appendTimeoutMs, maxPendingBytes }: AppendLimits,
): Promise<StreamHead> => {
  const guarded = connection.use('append')
  const release = connection.reserve(bytes, maxPendingBytes)
  const timeoutMs = appendTimeoutMs / TRIES_WITHIN_TIMEOUT
  const silence = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    silence.reject(new EventStoreUnavailable('append', { cause: new Error(`no answer in ${timeoutMs} ms`) }))
    connection.replace(guarded)
  }, timeoutMs)
  try {
    const options = {
      expectedRevision: toClient(expectedRevision),
      deadline: timeoutMs,
      requiresLeader: true,
    }
    const appended = guarded.client.appendToStream(streamName, messages, options)
    const result = await Promise.race([appended, silence.promise])
    return { revision: result.nextExpectedRevision, position: result.position?.commit ?? 0n }
  } finally {
    clearTimeout(timer)
    release()
  }
}

const toClient = (expected: ExpectedRevision): AppendExpectedRevision => {
  if (expected === 'no-stream') return 'no_stream'
  return expected === 'stream-exists' ? 'stream_exists' : expected
}

/** Checks what the client does not: it would wait for ever on no events, and break on data that is no JSON. */
const toBatch = (events: readonly EventToAppend[], maxBytes: number): Batch => {
  if (events.length === 0) throw new InvalidAppend('an append without events')
  let bytes = 0
  const messages = events.map((event) => {
    const id = event.id ?? randomUUID()
    if (!UUID.test(id)) throw new InvalidAppend('an event id that is no UUID')
    bytes += sizeOf(event.data) + sizeOf(event.metadata)
    return toMessage(id, event)
  })
  if (bytes > maxBytes) throw new AppendTooLarge(maxBytes)
  return { messages, bytes }
}

const toMessage = (id: string, { type, data, metadata }: EventToAppend): EventData => {
  const common = { id, type, metadata: metadata as Record<string, unknown> }
  return types.isUint8Array(data)
    ? binaryEvent({ ...common, data })
    : jsonEvent({ ...common, data: data as Record<string, unknown> })
}

const sizeOf = (value: unknown): number => {
  if (types.isUint8Array(value)) return value.byteLength
  try {
    const json: unknown = JSON.stringify(value)
    if (typeof json === 'string') return Buffer.byteLength(json)
  } catch (cause) {
    throw new InvalidAppend('data that is no JSON', { cause })
  }
  throw new InvalidAppend('data that is no JSON')
}
