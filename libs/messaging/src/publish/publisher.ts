import { trace } from '@opentelemetry/api'

import type { Nats } from '../connection.ts'
import { NatsUnavailable, NoResponder, NoStream } from '../errors.ts'
import { askJetStream, isPassing } from '../jetstream-api.ts'
import { errorLine, type Log, silentLog } from '../log.ts'
import { encodePayload, type Payload } from '../message.ts'
import { injectTrace, withMessageSpan } from '../trace.ts'
import { backOffMs, pause } from '../wait.ts'
import type { OutgoingMessage, PublishAllOptions, Published, PublishOptions } from './outgoing.ts'
import { publishAll } from './publish-all.ts'
import { publishOnce, serverHeaders } from './publish-once.ts'
import { StreamRoom } from './stream-room.ts'

const DEFAULT_TIMEOUT_MS = 5_000
/** How long one try waits for its answer before the same id is sent again. */
const ATTEMPT_MS = 2_000
const NO_STREAM_AFTER_MS = 1_000

/** Writes to streams. It throws WrongLastSequence, StreamFull, NoStream, NatsUnavailable or JetStreamRefused. */
export interface Publisher {
  publish(subject: string, payload: Payload, options?: PublishOptions): Promise<Published>
  /**
   * Writes many with several under way at once. At the first failure nothing more is taken and that failure is thrown;
   * what the messages before it became is told by `onStored`. Give ids, then all of it may simply be sent again.
   */
  publishAll(
    messages: Iterable<OutgoingMessage> | AsyncIterable<OutgoingMessage>,
    options?: PublishAllOptions,
  ): Promise<{ readonly published: number; readonly duplicates: number }>
}

interface Tools {
  readonly nats: Nats
  readonly log: Log
  readonly room: StreamRoom
}

/** Inside a trace each message gets a span and the trace's header; what nobody asked for starts none. */
export function createPublisher(nats: Nats, options: { readonly log?: Log } = {}): Publisher {
  const tools: Tools = { nats, log: options.log ?? silentLog, room: new StreamRoom(nats) }
  const publish = (subject: string, payload: Payload, publishing: PublishOptions = {}): Promise<Published> =>
    inSendSpan(subject, publishing, () =>
      publishUntilStored(tools, subject, encodePayload(payload), withTrace(publishing)),
    )
  const plain = (message: OutgoingMessage): Promise<Published> =>
    publishUntilStored(tools, message.subject, encodePayload(message.payload), tracedOnce(message))
  return { publish, publishAll: (messages, all = {}) => publishAll(plain, messages, all) }
}

/** Headers that carry a trace of their own (an event's) continue it; else it is the active one, if there is one. */
const inSendSpan = <T>(
  subject: string,
  { headers, linked = false }: PublishOptions,
  work: () => Promise<T>,
): Promise<T> => {
  const isOwn = headers?.['traceparent'] !== undefined
  if (!isOwn && trace.getActiveSpan() === undefined) return work()
  const destination = subject.split('.', 1)[0] ?? subject
  const from = isOwn ? headers : injectTrace({})
  return withMessageSpan({ destination, operation: 'send', headers: from, linked }, work)
}

/** Messages in bulk get no span each; their trace is their own or that of the work that sends them. */
const tracedOnce = (message: OutgoingMessage): PublishOptions =>
  message.headers?.['traceparent'] === undefined ? withTrace(message) : message

const withTrace = (options: PublishOptions): PublishOptions => ({
  ...options,
  headers: injectTrace(options.headers ?? {}),
})

/**
 * Sends until stored or refused. "Nobody there" means it was not stored, so that is always tried again; an answer that
 * did not come means it may be stored, so it is tried again only under an id, where the second is a duplicate.
 */
async function publishUntilStored(
  { nats, log, room }: Tools,
  subject: string,
  data: Uint8Array,
  options: PublishOptions,
): Promise<Published> {
  const headers = serverHeaders(options)
  const startedAt = performance.now()
  const deadline = startedAt + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  await room.reserve(subject, data, headers)
  for (let attempt = 0; ; attempt += 1) {
    const leftMs = deadline - performance.now()
    try {
      const patienceMs = options.id === undefined ? leftMs : Math.min(leftMs, ATTEMPT_MS)
      return await publishOnce(nats, subject, data, headers, patienceMs)
    } catch (error) {
      if (!mayRepeat(error, options)) throw error
      await refuseIfNoStream(nats, subject, performance.now() - startedAt, error)
      const waitMs = backOffMs(attempt, 25, 500)
      if (performance.now() + waitMs >= deadline) throw givenUp(subject, options, error)
      log.debug({ subject: subject.split('.', 1)[0], attempt, error: errorLine(error) }, 'publishing again')
      if (nats.isConnected()) await pause(waitMs)
      else await nats.whenConnected(deadline - performance.now())
    }
  }
}

function mayRepeat(error: unknown, options: PublishOptions): boolean {
  if (error instanceof NatsUnavailable) return error.outcome === 'not-sent' || options.id !== undefined
  return isPassing(error)
}

/** While a leader is elected nobody answers either, so a missing stream is believed after a second only. */
async function refuseIfNoStream(nats: Nats, subject: string, sinceMs: number, error: unknown): Promise<void> {
  if (!(error instanceof NoResponder) || sinceMs < NO_STREAM_AFTER_MS) return
  const names = await askJetStream<{ readonly streams: readonly string[] | null }>(
    nats,
    'STREAM.NAMES',
    { subject },
    { timeoutMs: 1_000 },
  ).catch(() => undefined)
  if (names !== undefined && (names.streams ?? []).length === 0) throw new NoStream(subject)
}

/** Under an id an earlier try may have been stored although the last one met nobody. */
function givenUp(subject: string, options: PublishOptions, cause: unknown): NatsUnavailable {
  const neverSent = options.id === undefined
  return new NatsUnavailable(subject, neverSent ? 'not-sent' : 'unknown', { cause })
}
