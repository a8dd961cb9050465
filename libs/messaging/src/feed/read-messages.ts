// A finite read: what a stream holds now.
import type { Nats } from '../connection.ts'
import { streamInfo } from '../streams/read-stream.ts'
import { type FeedMessage, type FeedStart, orderedFeed } from './ordered-feed.ts'

export interface ReadMessagesOptions {
  readonly stream: string
  /** One subject pattern. */
  readonly filter?: string
  /** Default: all. */
  readonly from?: Exclude<FeedStart, 'new'>
  readonly headersOnly?: boolean
  /** If it throws, the reading ends and throws that. */
  readonly onMessage: (message: FeedMessage) => void | Promise<void>
  readonly signal?: AbortSignal
}

/** Reads what the stream holds now, in order, then ends. Throws NoStream. */
export async function readMessages(nats: Nats, options: ReadMessagesOptions): Promise<void> {
  const { onMessage, signal, ...what } = options
  signal?.throwIfAborted()
  await streamInfo(nats, options.stream)
  const over = new AbortController()
  const result = Promise.withResolvers<undefined>()
  // It may be rejected before it is waited for below, or when the signal has ended the reading and it never is.
  result.promise.catch(() => undefined)
  const end = (settle: () => void) => {
    settle()
    over.abort()
  }
  const feed = orderedFeed(nats, {
    from: 'all',
    ...what,
    signal: signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]),
    onMessage: async (message) => {
      try {
        await onMessage(message)
      } catch (error) {
        end(() => result.reject(error instanceof Error ? error : new Error(String(error))))
      }
    },
    onCaughtUp: () => end(() => result.resolve(undefined)),
  })
  await feed.ended
  signal?.throwIfAborted()
  await result.promise
}
