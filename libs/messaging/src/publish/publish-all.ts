// Many messages with several under way at once.
import type { OutgoingMessage, PublishAllOptions, Published } from './outgoing.ts'

const DEFAULT_IN_FLIGHT = 256

/** Publishes in the order given, `maxInFlight` at a time; the first failure ends it once the others have settled. */
export async function publishAll(
  publish: (message: OutgoingMessage) => Promise<Published>,
  messages: Iterable<OutgoingMessage> | AsyncIterable<OutgoingMessage>,
  options: PublishAllOptions,
): Promise<{ readonly published: number; readonly duplicates: number }> {
  const window = new Window(options.maxInFlight ?? DEFAULT_IN_FLIGHT, options.onStored)
  for await (const message of messages) {
    if (window.failure !== undefined || options.signal?.aborted) break
    await window.room()
    window.start(publish(message))
  }
  await window.drained()
  if (window.failure !== undefined) throw window.failure
  options.signal?.throwIfAborted()
  return { published: window.stored, duplicates: window.duplicates }
}

/** The publishes under way, and how far the unbroken run of stored ones reaches. */
class Window {
  failure: Error | undefined
  stored = 0
  duplicates = 0
  readonly #max: number
  readonly #onStored: ((count: number) => void) | undefined
  readonly #outOfOrder = new Set<number>()
  #started = 0
  #running = 0
  #wake: (() => void) | undefined

  constructor(max: number, onStored: ((count: number) => void) | undefined) {
    this.#max = max
    this.#onStored = onStored
  }

  start(publishing: Promise<Published>): void {
    const index = this.#started
    this.#started += 1
    this.#running += 1
    publishing
      .then(({ duplicate }) => {
        if (duplicate) this.duplicates += 1
        this.#advance(index)
      })
      .catch((error: unknown) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error))
      })
      .finally(() => {
        this.#running -= 1
        this.#wake?.()
      })
  }

  room(): Promise<void> {
    return this.#until(() => this.#running < this.#max)
  }

  drained(): Promise<void> {
    return this.#until(() => this.#running === 0)
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #advance(index: number): void {
    this.#outOfOrder.add(index)
    const before = this.stored
    while (this.#outOfOrder.delete(this.stored)) this.stored += 1
    if (this.stored > before) this.#onStored?.(this.stored)
  }
}
