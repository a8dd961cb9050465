import type { Nats } from '../connection.ts'
import type { FeedMessage, FeedStart } from './ordered-feed.ts'

export interface ReadMessagesOptions {
  readonly stream: string
  readonly filter?: string
  readonly from?: FeedStart
  readonly onMessage: (message: FeedMessage) => void | Promise<void>
  readonly signal?: AbortSignal
}

/** Reads what the stream holds now, in order, then ends. */
export function readMessages(nats: Nats, options: ReadMessagesOptions): Promise<void> {
  return Promise.reject(new Error(nats.name + options.stream))
}
