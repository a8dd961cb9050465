// The loop around a handler: back-off, dead letters, a sign of life while it works.
import type { Nats } from '../connection.ts'
import { errorLine, type Log, silentLog } from '../log.ts'
import { createPublisher, type Publisher } from '../publish/publisher.ts'
import { withMessageSpan } from '../trace.ts'
import type { ConsumerDefinition } from './durable-consumer.ts'
import { type DeadLetterReason, sendDeadLetter } from './dead-letter.ts'
import { type DeliveredMessage, pullConsumer, type PullConsumer } from './pull-consumer.ts'

export type ConsumerMessage = Omit<DeliveredMessage, 'ack' | 'nak' | 'term' | 'working'>

/** `nak`: try again after the back-off. `nakAfterMs`: later, on purpose; never dead for it. `term`: it will never work. */
export type HandlerResult = 'ack' | 'nak' | 'term' | { readonly nakAfterMs: number }

export interface ConsumeOptions extends ConsumerDefinition {
  /** A throw counts as `nak`. The signal is that of the loop. */
  readonly handler: (message: ConsumerMessage, signal: AbortSignal) => Promise<HandlerResult>
  /** Delay before the second, third ... delivery; the last one is used from there on. */
  readonly backoffMs: readonly number[]
  /** Where a message goes after so many deliveries, or after `term`. Without it a failing message is tried for ever. */
  readonly deadLetter?: { readonly subject: string; readonly maxDeliver: number }
  /** Messages handled at the same time; default 1. */
  readonly concurrency?: number
  readonly signal: AbortSignal
  readonly log?: Log
}

/** Handles the messages of a durable consumer until the signal aborts; resolves when the last handler returned. */
export async function consume(nats: Nats, options: ConsumeOptions): Promise<void> {
  const { stream, durable, filter, maxAckPending, ackWaitMs, signal } = options
  const log = options.log ?? silentLog
  const create = { maxAckPending, ackWaitMs, ...(filter !== undefined && { filter }) }
  const puller = pullConsumer(nats, { stream, durable, create, log })
  const loop = new ConsumeLoop(createPublisher(nats, { log }), options, log)
  const workers = Array.from({ length: options.concurrency ?? 1 }, () => work(puller, loop, signal))
  try {
    await Promise.all(workers)
  } finally {
    puller.stop()
  }
}

async function work(puller: PullConsumer, loop: ConsumeLoop, signal: AbortSignal): Promise<void> {
  for (;;) {
    const message = await puller.next(signal)
    if (message === undefined) return
    await loop.handle(message)
  }
}

class ConsumeLoop {
  readonly #publisher: Publisher
  readonly #options: ConsumeOptions
  readonly #log: Log

  constructor(publisher: Publisher, options: ConsumeOptions, log: Log) {
    this.#publisher = publisher
    this.#options = options
    this.#log = log
  }

  /** Never throws: a message that is not answered comes again by itself. */
  async handle(message: DeliveredMessage): Promise<void> {
    const alive = setInterval(() => message.working(), this.#options.ackWaitMs / 3)
    try {
      await this.#settle(message)
    } finally {
      clearInterval(alive)
    }
  }

  async #settle(message: DeliveredMessage): Promise<void> {
    const { deadLetter } = this.#options
    // Delivered once more than allowed: every time the process died or hung before it could say so.
    if (deadLetter !== undefined && message.deliveryCount > deadLetter.maxDeliver) {
      await this.#bury(message, { kind: 'unanswered' })
      return
    }
    const outcome = await this.#run(message)
    if (outcome.result === 'ack') message.ack()
    else if (outcome.result === 'term') await this.#bury(message, { kind: 'terminated' })
    else if (outcome.result === 'nak') await this.#failed(message, outcome.error)
    else message.nak(outcome.result.nakAfterMs)
  }

  async #run(message: DeliveredMessage): Promise<{ result: HandlerResult; error?: unknown }> {
    const { handler, signal, stream } = this.#options
    const span = {
      destination: stream,
      operation: 'process',
      headers: message.headers,
      linked: message.redelivered,
      attributes: { 'messaging.message.delivery_count': message.deliveryCount },
    } as const
    try {
      return { result: await withMessageSpan(span, () => handler(message, signal)) }
    } catch (error) {
      return { result: 'nak', error }
    }
  }

  async #failed(message: DeliveredMessage, error: unknown): Promise<void> {
    const { backoffMs, deadLetter, stream, durable } = this.#options
    const { sequence, deliveryCount } = message
    if (deadLetter !== undefined && deliveryCount >= deadLetter.maxDeliver) {
      await this.#bury(message, { kind: 'failed', error })
      return
    }
    const delayMs = backoffMs[Math.min(deliveryCount, backoffMs.length) - 1] ?? 1_000
    const reason = error === undefined ? 'nak' : errorLine(error)
    this.#log.warn(
      { stream, durable, sequence, deliveryCount, delayMs, reason },
      'message will be tried again',
    )
    message.nak(delayMs)
  }

  async #bury(message: DeliveredMessage, reason: DeadLetterReason): Promise<void> {
    const { deadLetter, stream, durable } = this.#options
    const { sequence, deliveryCount } = message
    const fields = { stream, durable, sequence, deliveryCount, reason: reason.kind }
    if (deadLetter === undefined) {
      this.#log.error(fields, 'message ended by its handler')
      message.term()
      return
    }
    try {
      await sendDeadLetter(this.#publisher, deadLetter.subject, durable, message, reason)
      this.#log.error(fields, 'message went to the dead letters')
      message.term()
    } catch (error) {
      // It must not be lost because the dead letters are full or away.
      this.#log.error({ ...fields, error: errorLine(error) }, 'dead letter was not stored')
      message.nak(5_000)
    }
  }
}
