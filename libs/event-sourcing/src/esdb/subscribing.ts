// A subscription that never ends by itself: the client's own ends, or falls silent, with its connection.
import {
  streamNameFilter,
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type Position,
} from '@eventstore/db-client'

import { backOffMs, pause } from '../back-off.ts'
import type { SubscribeOptions, SubscriptionMessage } from '../event-store.ts'
import { inOurWords } from './client-errors.ts'
import type { Connection } from './connection.ts'
import { drain, readEvents, toRecorded, type ClientStream } from './reading.ts'

export interface SubscriptionSettings {
  /** A subscription that brought nothing for so long is opened again, in case it broke without a word. */
  readonly subscriptionIdleMs: number
  readonly readTimeoutMs: number
  /** A subscription was lost and will be opened again, `attempt` times in a row. */
  readonly onSubscriptionLost?: ((error: unknown, attempt: number) => void) | undefined
}

const RETRY_BACK_OFF = { firstMs: 100, maxMs: 10_000 }

/** The server reports how far it looked after every so many events that did not match. */
const SEARCH_WINDOW = 500

const NO_SYSTEM_STREAMS = '^[^$].*'

class FellSilent extends Error {
  override readonly name = 'FellSilent'
}

/** Where the subscription is: everything up to `after` was given to the reader. */
interface Progress {
  after: bigint | 'start'
  failures: number
}

export async function* subscribe(
  connection: Connection,
  options: SubscribeOptions,
  settings: SubscriptionSettings,
): AsyncGenerator<SubscriptionMessage> {
  const signal = AbortSignal.any([options.signal, connection.closing])
  const progress: Progress = { after: 'start', failures: 0 }
  const lost = async (error: unknown): Promise<void> => {
    if (error instanceof FellSilent || signal.aborted) return
    progress.failures += 1
    settings.onSubscriptionLost?.(inOurWords(error, { operation: 'subscribe' }), progress.failures)
    await pause(backOffMs(RETRY_BACK_OFF, progress.failures), signal)
  }
  let start = options.after ?? 'start'
  while (!signal.aborted) {
    try {
      if (start === 'end') start = await endOfAll(connection, settings)
      if (progress.after === 'start') progress.after = start
      yield* subscribeOnce(connection, options.streamPrefixes, progress, settings, signal)
      await lost(new Error('the server ended the subscription'))
    } catch (error) {
      await lost(error)
    }
  }
}

/** The position that is last now; what comes later, while a broken subscription is opened again, is not lost then. */
const endOfAll = async (connection: Connection, { readTimeoutMs }: SubscriptionSettings) => {
  const open = (client: ReturnType<Connection['use']>['client']) =>
    client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 })
  for await (const event of readEvents(connection, { operation: 'readAll', readTimeoutMs, open })) {
    return event.position
  }
  return 'start' as const
}

async function* subscribeOnce(
  connection: Connection,
  streamPrefixes: readonly string[],
  progress: Progress,
  { subscriptionIdleMs }: SubscriptionSettings,
  signal: AbortSignal,
): AsyncGenerator<SubscriptionMessage> {
  const subscription = open(connection, streamPrefixes, progress.after)
  const messages = drain(subscription as ClientStream<AllStreamResolvedEvent | Mark>, {
    cancel: () => subscription.unsubscribe(),
    idleMs: subscriptionIdleMs,
    onIdle: () => new FellSilent(),
    signal,
  })
  for await (const item of messages) {
    progress.failures = 0
    const message = item instanceof Mark ? item.message : toEvent(item)
    if (message !== undefined && isNew(message, progress)) yield message
  }
}

/** Moves on by a message; false for one from behind, which the reader has had. */
const isNew = (message: SubscriptionMessage, progress: Progress): boolean => {
  if (message.kind === 'caughtUp') return true
  const position = message.kind === 'event' ? message.event.position : message.position
  if (progress.after !== 'start' && position <= progress.after) return false
  progress.after = position
  return true
}

const toEvent = (resolved: AllStreamResolvedEvent): SubscriptionMessage | undefined => {
  const event = toRecorded(resolved)
  return event === undefined ? undefined : { kind: 'event', event }
}

/** A checkpoint or `caughtUp`, put between the events: the client tells them apart from the events, thus too early. */
class Mark {
  readonly message: SubscriptionMessage
  constructor(message: SubscriptionMessage) {
    this.message = message
  }
}

const open = (connection: Connection, prefixes: readonly string[], after: bigint | 'start') => {
  const common = {
    maxSearchWindow: SEARCH_WINDOW,
    checkpointReached: (within: AllStreamSubscription, { commit }: Position) => {
      within.push(new Mark({ kind: 'checkpoint', position: commit }))
    },
  }
  const filter =
    prefixes.length > 0
      ? streamNameFilter({ ...common, prefixes: [...prefixes] })
      : streamNameFilter({ ...common, regex: NO_SYSTEM_STREAMS })
  const fromPosition = after === 'start' ? after : { commit: after, prepare: after }
  const subscription = connection.use('subscribe').client.subscribeToAll({ fromPosition, filter })
  subscription.on('caughtUp', () => subscription.push(new Mark({ kind: 'caughtUp' })))
  return subscription
}
