import { StreamNotFound } from '../event-store-errors.ts'
import type {
  DeleteOptions,
  EventStore,
  EventToAppend,
  ReadOptions,
  StreamHead,
  StreamMetadata,
} from '../event-store.ts'
import { inSpan } from '../tracing.ts'
import { append, type AppendLimits } from './appending.ts'
import { inOurWords } from './client-errors.ts'
import { Connection } from './connection.ts'
import { readEvents, toClientRead } from './reading.ts'
import { subscribe, type SubscriptionSettings } from './subscribing.ts'

export interface EventStoreOptions extends Partial<AppendLimits>, Partial<SubscriptionSettings> {}

type Settings = AppendLimits & SubscriptionSettings

/** Within five seconds a caller knows that the store is away. */
const DEFAULTS = {
  appendTimeoutMs: 4_000,
  readTimeoutMs: 4_000,
  maxAppendBytes: 1024 * 1024,
  maxPendingBytes: 64 * 1024 * 1024,
  subscriptionIdleMs: 60_000,
} satisfies Settings

/**
 * Connects to EventStoreDB or KurrentDB (`esdb://`, `esdb+discover://`). One at a time in a process. Writes and reads of
 * a stream go to the leader of a cluster: a follower may not have yet what was just written.
 */
export const connectEventStore = (url: string, options: EventStoreOptions = {}): EventStore => {
  const settings: Settings = { ...DEFAULTS, ...options }
  const connection = new Connection(url)
  const request = requester(connection, settings)
  const store: EventStore = {
    append: (streamName, events, { expectedRevision }) =>
      inSpan('append', streamName, () =>
        append(connection, { streamName, events, expectedRevision }, settings),
      ),
    readStream: (streamName, readOptions = {}) => readStream(connection, streamName, readOptions, settings),
    headOf: (streamName) => headOf(store, streamName),
    readAll: (readOptions = {}) => readAll(connection, readOptions, settings),
    subscribeToAll: (subscribeOptions) => subscribe(connection, subscribeOptions, settings),
    deleteStream: (streamName, deleteOptions = {}) => request('deleteStream', streamName, deleteOptions),
    tombstoneStream: (streamName, deleteOptions = {}) =>
      request('tombstoneStream', streamName, deleteOptions),
    setStreamMetadata: async (streamName, metadata) => {
      await store.append(`$$${streamName}`, [toMetadataEvent(metadata)], { expectedRevision: 'any' })
    },
    health: async () => {
      const newest = readAll(connection, { direction: 'backwards', maxCount: 1 }, settings)
      await newest.next()
      await newest.return(undefined)
    },
    close: () => connection.close(),
  }
  return store
}

const readStream = (
  connection: Connection,
  streamName: string,
  options: ReadOptions,
  { readTimeoutMs }: Settings,
) => {
  const { from, ...rest } = toClientRead(options)
  return readEvents(connection, {
    operation: 'readStream',
    streamName,
    readTimeoutMs,
    open: (client) => client.readStream(streamName, { ...rest, fromRevision: from, requiresLeader: true }),
  })
}

const readAll = (connection: Connection, options: ReadOptions, { readTimeoutMs }: Settings) => {
  const { from, ...rest } = toClientRead(options)
  const fromPosition = typeof from === 'bigint' ? { commit: from, prepare: from } : from
  return readEvents(connection, {
    operation: 'readAll',
    readTimeoutMs,
    open: (client) => client.readAll({ ...rest, fromPosition }),
  })
}

const headOf = async (store: EventStore, streamName: string): Promise<StreamHead | undefined> => {
  try {
    const last = store.readStream(streamName, { direction: 'backwards', maxCount: 1 })
    for await (const { revision, position } of last) return { revision, position }
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
  }
  return undefined
}

/** The requests that the client gives a deadline by itself. */
const requester =
  (connection: Connection, { appendTimeoutMs }: Settings) =>
  (operation: 'deleteStream' | 'tombstoneStream', streamName: string, options: DeleteOptions) =>
    inSpan(operation, streamName, async () => {
      const { expectedRevision: expected = 'any' } = options
      const clientOptions = {
        expectedRevision: expected === 'no-stream' ? ('no_stream' as const) : expected,
        deadline: appendTimeoutMs,
        requiresLeader: true,
      }
      try {
        await connection.use(operation).client[operation](streamName, clientOptions)
      } catch (error) {
        throw inOurWords(error, { operation, streamName, expected })
      }
    })

const toMetadataEvent = (metadata: StreamMetadata): EventToAppend => {
  const { maxCount, maxAgeSeconds, truncateBefore } = metadata
  const rules = { $maxCount: maxCount, $maxAge: maxAgeSeconds, $tb: truncateBefore }
  return { type: '$metadata', data: rules, metadata: {} }
}
