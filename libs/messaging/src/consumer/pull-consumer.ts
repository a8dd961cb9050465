import type { Nats } from '../connection.ts'
import type { Log } from '../log.ts'
import type { StoredMessage } from '../message.ts'
import type { ConsumerDefinition } from './durable-consumer.ts'

/** A message that has to be answered with one of `ack`, `nak` or `term`. */
export interface DeliveredMessage extends StoredMessage {
  readonly stream: string
  readonly redelivered: boolean
  /** 1 at the first delivery. */
  readonly deliveryCount: number
  ack(): void
  /** Comes again, after the delay if one is given. */
  nak(delayMs?: number): void
  /** Still at it: the server starts counting `ackWaitMs` anew. */
  working(): void
  /** Never comes again. */
  term(): void
}

export interface PullConsumerOptions {
  readonly stream: string
  readonly durable: string
  /** Given: the consumer is made, and made again if it was deleted. Else it must be there, and `next` throws ConsumerGone. */
  readonly create?: Omit<ConsumerDefinition, 'stream' | 'durable'>
  readonly log?: Log
}

export interface PullConsumer {
  /** The next message; undefined when the signal aborted or the consumer was stopped. */
  next(signal?: AbortSignal): Promise<DeliveredMessage | undefined>
  /** Gives back what was fetched and not taken. */
  stop(): void
}

/** Takes messages of a durable consumer one by one, as the caller asks for them. */
export function pullConsumer(nats: Nats, options: PullConsumerOptions): PullConsumer {
  throw new Error(nats.name + options.durable)
}
