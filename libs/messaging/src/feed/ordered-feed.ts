/*
 * A stream in its order: nothing lost, nothing twice, whatever happens to server, connection or consumer.
 *
 *   locate -> open -> deliver -> (broken) -> locate ...
 *
 * - The position is the next sequence wanted, of one epoch (the stream's creation time). It moves when a handler has
 *   returned, and a new consumer begins exactly there.
 * - locate reads the stream's state before a consumer is made, and again after: only if the epoch is the same both times
 *   is the consumer known to be one of that stream.
 * - While a cluster elects a new leader for its bookkeeping no consumer can be made, for up to ten seconds, although the
 *   stream itself is there. So after a break the next messages are first read one by one, then a consumer is tried again.
 * - Another epoch, or a stream whose end lies before our position, is told and awaited before anything more is delivered.
 */
import type { Msg } from 'nats'

import type { Nats } from '../connection.ts'
import { ArrivedMessage, type DeliveryInfo } from '../delivery.ts'
import { NoStream } from '../errors.ts'
import { errorLine, type Log, silentLog } from '../log.ts'
import type { StoredMessage } from '../message.ts'
import { nextMessageOf, streamInfo, type StreamState } from '../streams/read-stream.ts'
import { backOffMs, pause } from '../wait.ts'
import { type FeedResetReason, PushConsumer } from './push-consumer.ts'

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

export interface OrderedFeedOptions {
  readonly stream: string
  /** One subject pattern. */
  readonly filter?: string
  readonly from: FeedStart
  /** Leave the payloads where they are. */
  readonly headersOnly?: boolean
  /** Called for one message at a time, in order. If it throws it is called again, with a growing delay, for ever. */
  readonly onMessage: (message: FeedMessage) => void | Promise<void>
  /** Called once, when all that the stream held at the start was delivered, before anything newer is. */
  readonly onCaughtUp?: () => void
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
  position(): FeedPosition
}

export interface FeedPosition {
  readonly epoch: string | undefined
  /** The last sequence that was handled. */
  readonly sequence: number
  /** How many the stream held after that one. */
  readonly lag: number
  /** Since the server was last heard; Infinity while there is no consumer. */
  readonly silentForMs: number
}

const ASK_TIMEOUT_MS = 1_000
const SHRUNK_FOR_MS = 15_000
const DIRECT_MESSAGES = 512
const DIRECT_BYTES = 8 * 1024 * 1024

/** Reads a stream in its order, for ever, until the signal aborts. */
export function orderedFeed(nats: Nats, options: OrderedFeedOptions): Feed {
  return new OrderedFeed(nats, options)
}

class OrderedFeed implements Feed {
  readonly caughtUp: Promise<void>
  readonly ended: Promise<void>
  readonly #nats: Nats
  readonly #options: OrderedFeedOptions
  readonly #log: Log
  readonly #caught = Promise.withResolvers<undefined>()
  #consumer: PushConsumer | undefined
  #epoch: string | undefined
  /** Undefined until the snapshot of a feed from `last-per-subject` has begun. */
  #next: number | undefined
  #lag = 0
  /** The end of the stream when the feed began: having reached it is having caught up. */
  #target: number | undefined
  #isCaughtUp = false

  constructor(nats: Nats, options: OrderedFeedOptions) {
    this.#nats = nats
    this.#options = options
    this.#log = options.log ?? silentLog
    this.caughtUp = this.#caught.promise
    this.caughtUp.catch(() => undefined)
    if (typeof options.from === 'object') {
      this.#next = Math.max(1, options.from.sequence)
      this.#epoch = options.from.epoch
    }
    this.ended = this.#run()
  }

  position(): FeedPosition {
    return {
      epoch: this.#epoch,
      sequence: (this.#next ?? 1) - 1,
      lag: this.#lag,
      silentForMs: this.#consumer?.silentForMs() ?? Infinity,
    }
  }

  #isAborted(): boolean {
    return this.#options.signal.aborted
  }

  async #run(): Promise<void> {
    for (let attempt = 0; !this.#isAborted();) {
      const reason = await this.#incarnation()
      if (this.#isAborted()) break
      const failed = reason === 'stream-missing' || reason === 'consumer-refused'
      if (!failed || attempt === 0) this.#tellReset(reason)
      attempt = failed ? attempt + 1 : 0
      if (failed) await pause(backOffMs(attempt, 50, 250), this.#options.signal)
    }
    this.#caught.reject(new Error(`the feed of ${this.#options.stream} ended before it had caught up`))
  }

  /** One consumer from its making to its end; answers why it ended. */
  async #incarnation(): Promise<FeedResetReason> {
    await this.#nats.whenConnected(60_000, this.#options.signal)
    try {
      const isAgain = this.#target !== undefined
      const state = await this.#locate()
      if (isAgain) await this.#readOneByOne(state)
      const { consumer, pending } = await PushConsumer.open(this.#nats, {
        stream: this.#options.stream,
        filter: this.#options.filter,
        firstSequence: this.#next,
        headersOnly: this.#options.headersOnly === true,
      })
      this.#consumer = consumer
      const after = await this.#state()
      if (after.epoch !== state.epoch) return 'stream-missing'
      if (pending === 0) this.#reachedEnd()
      return await this.#deliverAll(consumer)
    } catch (error) {
      if (error instanceof NoStream) return 'stream-missing'
      this.#log.debug({ stream: this.#options.stream, error: errorLine(error) }, 'feed has no consumer yet')
      await this.#nats.probe(500)
      return 'consumer-refused'
    } finally {
      this.#consumer?.close()
      this.#consumer = undefined
    }
  }

  #state(): Promise<StreamState> {
    return streamInfo(this.#nats, this.#options.stream, { timeoutMs: ASK_TIMEOUT_MS })
  }

  /** Compares the stream with what we know of it and settles where to begin. */
  async #locate(): Promise<StreamState> {
    const state = await this.#settled()
    const { from } = this.#options
    if (this.#epoch !== undefined && this.#epoch !== state.epoch) {
      await this.#changeEpoch('recreated', this.#epoch, state)
      this.#next = from === 'last-per-subject' ? undefined : 1
    } else if (this.#next !== undefined && state.lastSequence < this.#next - 1) {
      await this.#changeEpoch('shrunk', state.epoch, state)
      this.#next = state.lastSequence + 1
    } else if (this.#epoch === undefined) {
      if (from === 'all') this.#next = 1
      if (from === 'new') this.#next = state.lastSequence + 1
    }
    this.#epoch = state.epoch
    this.#target ??= state.lastSequence
    return state
  }

  /** A leader just elected may still have to catch up: a replicated stream has shrunk only if it stays so. */
  async #settled(): Promise<StreamState> {
    let state = await this.#state()
    const until = performance.now() + (state.replicas > 1 ? SHRUNK_FOR_MS : 0)
    while (this.#looksShrunk(state) && performance.now() < until && !this.#isAborted()) {
      await pause(500, this.#options.signal)
      state = await this.#state()
    }
    return state
  }

  #looksShrunk(state: StreamState): boolean {
    return state.epoch === this.#epoch && this.#next !== undefined && state.lastSequence < this.#next - 1
  }

  async #changeEpoch(kind: EpochChange['kind'], previousEpoch: string, state: StreamState): Promise<void> {
    const { stream } = this.#options
    const position = (this.#next ?? 1) - 1
    const { epoch, lastSequence } = state
    this.#log.warn({ stream, kind, position, lastSequence }, 'stream is not the one that was read before')
    await this.#persist(() =>
      this.#options.onEpochChange?.({ kind, previousEpoch, epoch, position, lastSequence }),
    )
  }

  async #deliverAll(consumer: PushConsumer): Promise<FeedResetReason> {
    for (;;) {
      const items = await consumer.take(this.#options.signal)
      if (items === undefined) return consumer.brokenBy ?? 'silence'
      for (const item of items) {
        if (this.#isAborted()) return 'silence'
        if (item.kind === 'message')
          await this.#deliver(new ArrivedFeedMessage(item.source, item.info, this.#epoch ?? ''))
        else if (item.kind === 'flow') consumer.allow(item.reply)
        else this.#reachedEnd()
      }
    }
  }

  /** A few messages, delivered only if the stream is still the same afterwards. */
  async #readOneByOne(state: StreamState): Promise<void> {
    const { stream, filter = '>' } = this.#options
    if (this.#next === undefined) return
    const messages: StoredMessage[] = []
    for (let next = this.#next, bytes = 0; messages.length < DIRECT_MESSAGES && bytes < DIRECT_BYTES;) {
      const message = await nextMessageOf(this.#nats, stream, filter, next, { timeoutMs: ASK_TIMEOUT_MS })
      if (message === undefined) break
      messages.push(message)
      next = message.sequence + 1
      bytes += message.data.length
    }
    if (messages.length === 0 || (await this.#state()).epoch !== state.epoch) return
    for (const message of messages) {
      const pending = Math.max(0, state.lastSequence - message.sequence)
      await this.#deliver({ ...message, stream, epoch: state.epoch, pending })
    }
  }

  async #deliver(message: FeedMessage): Promise<void> {
    if (!(await this.#persist(() => this.#options.onMessage(message)))) return
    this.#next = message.sequence + 1
    this.#lag = message.pending
    if (message.pending === 0 || message.sequence >= (this.#target ?? 0)) this.#reachedEnd()
  }

  #reachedEnd(): void {
    if (this.#isCaughtUp) return
    this.#isCaughtUp = true
    this.#lag = 0
    this.#options.onCaughtUp?.()
    this.#caught.resolve(undefined)
  }

  /** Until it succeeds or the feed is ended: skipping would lose, so a lane waits and says so. */
  async #persist(work: () => unknown): Promise<boolean> {
    for (let attempt = 0; !this.#isAborted(); attempt += 1) {
      try {
        const result = work()
        if (result instanceof Promise) await result
        return true
      } catch (error) {
        const { stream } = this.#options
        this.#log.error({ stream, attempt, error: errorLine(error) }, 'feed handler failed, trying again')
        await pause(backOffMs(attempt, 100, 30_000), this.#options.signal)
      }
    }
    return false
  }

  #tellReset(reason: FeedResetReason): void {
    this.#log.info({ stream: this.#options.stream, reason }, 'feed continues with a new consumer')
    this.#options.onReset?.(reason)
  }
}

class ArrivedFeedMessage extends ArrivedMessage implements FeedMessage {
  readonly epoch: string
  readonly pending: number

  constructor(source: Msg, info: DeliveryInfo, epoch: string) {
    super(source, info)
    this.epoch = epoch
    this.pending = info.pending
  }
}
