import type { Nats } from '../connection.ts'
import type { Log } from '../log.ts'
import type { ConsumerDefinition } from './durable-consumer.ts'
import type { DeliveredMessage } from './pull-consumer.ts'

export type ConsumerMessage = Omit<DeliveredMessage, 'ack' | 'nak' | 'term' | 'working'>

/** `nak`: try again after the back-off. `nakAfterMs`: later, on purpose; never dead for it. `term`: it will never work. */
export type HandlerResult = 'ack' | 'nak' | 'term' | { readonly nakAfterMs: number }

export interface ConsumeOptions extends ConsumerDefinition {
  /** A throw counts as `nak`. */
  readonly handler: (message: ConsumerMessage, signal: AbortSignal) => Promise<HandlerResult>
  /** Delay before the second, third ... delivery; the last one is used from there on. */
  readonly backoffMs: readonly number[]
  /** Where a message goes after so many deliveries, or after `term`. Without it messages are tried for ever. */
  readonly deadLetter?: { readonly subject: string; readonly maxDeliver: number }
  /** Messages handled at the same time; default 1. */
  readonly concurrency?: number
  readonly signal: AbortSignal
  readonly log?: Log
}

/** Handles the messages of a durable consumer until the signal aborts; resolves when the last handler returned. */
export function consume(nats: Nats, options: ConsumeOptions): Promise<void> {
  return Promise.reject(new Error(nats.name + options.durable))
}
