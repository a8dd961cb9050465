import { Readable } from 'node:stream'

import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client'

import { EventStoreUnavailable } from '../event-store-errors.ts'
import type { ReadOptions, RecordedEvent } from '../event-store.ts'
import { failSpan, startSpan } from '../tracing.ts'
import { inOurWords } from './client-errors.ts'
import type { Connection } from './connection.ts'
import type { GuardedClient } from './guarded-client.ts'

/** What a read and a subscription of the client have in common: objects, and errors at any time. */
export interface ClientStream<T> extends AsyncIterable<T> {
  on(event: 'error' | 'unpipe', listener: (subject: unknown) => void): unknown
  destroy(error?: Error): unknown
}

interface Drain {
  readonly cancel: () => Promise<void>
  /** So long may it be silent while we wait for it; the time its reader takes does not count. */
  readonly idleMs: number
  readonly onIdle: () => Error
  readonly signal: AbortSignal
}

const ignore = () => undefined

/** A call that nobody reads to its end is never over for the client, cancelled or not. */
const readToItsEnd = (call: unknown) => {
  if (call instanceof Readable) call.resume()
}

/**
 * The objects of a client's stream. The client never gives up on a silent server, keeps the call when its reader stops
 * early, and emits errors after that: all three end here.
 */
export async function* drain<T>(stream: ClientStream<T>, { cancel, idleMs, onIdle, signal }: Drain) {
  let isWaiting = true
  let isDone = false
  const stop = () => stream.destroy()
  const watchdog = setTimeout(() => {
    if (isWaiting) stream.destroy(onIdle())
    else watchdog.refresh()
  }, idleMs)
  stream.on('error', ignore)
  stream.on('unpipe', readToItsEnd)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    for await (const item of stream) {
      isWaiting = false
      yield item
      isWaiting = true
      watchdog.refresh()
    }
    isDone = true
  } finally {
    clearTimeout(watchdog)
    signal.removeEventListener('abort', stop)
    if (!isDone) cancel().catch(ignore)
  }
}

interface CancellableRead extends ClientStream<ResolvedEvent | AllStreamResolvedEvent> {
  cancel(): Promise<void>
}

interface Read {
  readonly operation: string
  readonly streamName?: string
  readonly readTimeoutMs: number
  readonly open: (client: GuardedClient['client']) => CancellableRead
}

/** The events of one read, in a span of its own. */
export async function* readEvents(connection: Connection, read: Read): AsyncGenerator<RecordedEvent> {
  const { operation, readTimeoutMs } = read
  const span = startSpan(operation, read.streamName)
  try {
    const guarded = connection.use(operation)
    const stream = read.open(guarded.client)
    const onIdle = () => {
      connection.replace(guarded)
      return new EventStoreUnavailable(operation, { cause: new Error(`no answer in ${readTimeoutMs} ms`) })
    }
    const limits = { idleMs: readTimeoutMs, onIdle, signal: connection.closing }
    for await (const resolved of drain<ResolvedEvent | AllStreamResolvedEvent>(stream, {
      ...limits,
      cancel: () => stream.cancel(),
    })) {
      const event = toRecorded(resolved)
      if (event !== undefined) yield event
    }
  } catch (error) {
    const known = inOurWords(error, read)
    failSpan(span, known)
    throw known
  } finally {
    span.end()
  }
}

/** The options that both kinds of reads share, as the client names them. */
export const toClientRead = ({ direction = 'forwards', from, maxCount }: ReadOptions) => ({
  direction,
  from: from ?? (direction === 'forwards' ? ('start' as const) : ('end' as const)),
  ...(maxCount === undefined ? {} : { maxCount }),
})

/** Undefined for a link whose event is gone. */
export const toRecorded = (resolved: ResolvedEvent | AllStreamResolvedEvent): RecordedEvent | undefined => {
  const { event, commitPosition } = resolved
  if (event === undefined) return undefined
  const { id, type, streamId, revision, data, metadata, position } = event
  return {
    id,
    type,
    streamName: streamId,
    revision,
    position: position?.commit ?? commitPosition ?? 0n,
    data,
    metadata: isRecord(metadata) ? metadata : {},
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Array.isArray(value)
