import { setImmediate as nextTurn } from 'node:timers/promises'

import type { RecordedEvent, SubscriptionMessage } from './event-store.ts'

/** What was read since the last batch; no position: nothing but `caughtUp`. */
export interface Batch {
  readonly events: readonly RecordedEvent[]
  readonly position: bigint | undefined
  readonly caughtUp: boolean
}

interface BatchLimits {
  readonly maxBatch: number
  readonly maxWaitMs: number
}

/** Stands between a subscription and its handler: reads ahead by one batch while the last one is being handled. */
export class BatchQueue {
  readonly #limits: BatchLimits
  #events: RecordedEvent[] = []
  #position: bigint | undefined
  #caughtUp = false
  #isLive = false
  #isEnded = false
  #failure: { readonly error: unknown } | undefined
  #change = Promise.withResolvers<undefined>()

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  /** Reads the subscription to its end; never more than one full batch ahead. Its failure is thrown by `take`. */
  async fill(messages: AsyncIterable<SubscriptionMessage>, ended: AbortSignal): Promise<void> {
    const end = () => {
      this.#isEnded = true
      this.#changed()
    }
    ended.addEventListener('abort', end)
    try {
      for await (const message of messages) {
        this.#put(message)
        while (this.#isFull && !this.#isEnded) await this.#change.promise
      }
    } catch (error) {
      this.#failure = { error }
    } finally {
      ended.removeEventListener('abort', end)
      end()
    }
  }

  /** The next batch, undefined at the end. What is still unread at the end is read again the next time. */
  async take(): Promise<Batch | undefined> {
    while (!this.#hasSome && !this.#isEnded) await this.#change.promise
    if (!this.#isEnded) await this.#gather()
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#isEnded) return undefined
    const batch = { events: this.#events, position: this.#position, caughtUp: this.#caughtUp }
    this.#events = []
    this.#position = undefined
    this.#caughtUp = false
    this.#changed()
    return batch
  }

  get #hasSome(): boolean {
    return this.#position !== undefined || this.#caughtUp
  }

  get #isFull(): boolean {
    return this.#events.length >= this.#limits.maxBatch
  }

  #changed(): void {
    this.#change.resolve(undefined)
    this.#change = Promise.withResolvers()
  }

  #put(message: SubscriptionMessage): void {
    switch (message.kind) {
      case 'event':
        this.#events.push(message.event)
        this.#position = message.event.position
        break
      case 'checkpoint':
        this.#position = message.position
        break
      case 'caughtUp':
        this.#caughtUp = true
        this.#isLive = true
        break
    }
    this.#changed()
  }

  /** Live: what the turn of the event loop brings. Before: until the batch is full, or its time is up. */
  async #gather(): Promise<void> {
    if (this.#isLive) {
      await nextTurn()
      return
    }
    const timeUp = new AbortController()
    const timer = setTimeout(() => {
      timeUp.abort()
      this.#changed()
    }, this.#limits.maxWaitMs)
    while (!this.#isFull && !this.#caughtUp && !this.#isEnded && !timeUp.signal.aborted) {
      await this.#change.promise
    }
    clearTimeout(timer)
  }
}
