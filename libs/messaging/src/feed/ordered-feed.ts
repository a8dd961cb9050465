import type { Nats } from '../connection.ts'
import type { Log } from '../log.ts'
import type { StoredMessage } from '../message.ts'

export interface FeedMessage extends StoredMessage {
  readonly stream: string
  /** Creation time of the stream that it came from; a position is a sequence and an epoch. */
  readonly epoch: string
  /** How many the stream holds after this one. */
  readonly pending: number
}

/** Where a feed begins: `sequence` is the first one wanted; if the stream's epoch is another, `onEpochChange` is called. */
export type FeedStart =
  { readonly sequence: number; readonly epoch?: string } | 'new' | 'all' | 'last-per-subject'

export interface EpochChange {
  /** `recreated`: another stream of this name. `shrunk`: it lost its newest messages, and their sequences come again. */
  readonly kind: 'recreated' | 'shrunk'
  readonly previousEpoch: string
  readonly epoch: string
  /** The last sequence that was read, of the previous epoch. */
  readonly position: number
  readonly lastSequence: number
}

export type FeedResetReason =
  'silence' | 'gap' | 'reconnected' | 'stream-missing' | 'consumer-refused' | 'consumer-deleted'

export interface OrderedFeedOptions {
  readonly stream: string
  /** One subject pattern. */
  readonly filter?: string
  readonly from: FeedStart
  /** Called for one message at a time, in order. If it throws it is called again, with a growing delay, for ever. */
  readonly onMessage: (message: FeedMessage) => void | Promise<void>
  /** A new consumer was needed; nothing is lost or doubled by it. */
  readonly onReset?: (reason: FeedResetReason) => void
  /** Awaited before the first message of the new epoch; that begins at its first message (`shrunk`: after its last). */
  readonly onEpochChange?: (change: EpochChange) => void | Promise<void>
  readonly signal: AbortSignal
  readonly log?: Log
}

export interface Feed {
  /** Resolves when all that the stream held at the start was delivered; rejects if the feed ends before. */
  readonly caughtUp: Promise<void>
  /** Resolves when the signal ended the feed and the last handler returned. */
  readonly ended: Promise<void>
  /** The last sequence handled, how many wait in the stream, and when the server was last heard (monotonic ms). */
  position(): {
    readonly epoch: string | undefined
    readonly sequence: number
    readonly lag: number
    readonly silentForMs: number
  }
}

/** Reads a stream in its order: nothing lost, nothing twice, whatever happens to server, connection or consumer. */
export function orderedFeed(nats: Nats, options: OrderedFeedOptions): Feed {
  throw new Error(nats.name + options.stream)
}
