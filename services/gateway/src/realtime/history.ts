// What a campaign said since a position, for clients that come back: read once for all who ask at the same time.
import type { Framed } from './frames.ts'

/** From the stream, all stored messages of the campaign from a sequence on; throws when they are more than `limit`. */
export type LoadHistory = (fromSequence: number, limit: number) => Promise<readonly Framed[]>

const MOST_MESSAGES = 1_000
const MOST_BYTES = 1024 * 1024
/** Whoever asks this long after a reading shares it. */
const SHARED_FOR_MS = 10_000

interface Reading {
  readonly from: number
  readonly loaded: Promise<readonly Framed[]>
  /** What came live since it began. */
  readonly tail: Framed[]
}

export class History {
  readonly #load: LoadHistory
  readonly #readings = new Set<Reading>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(load: LoadHistory) {
    this.#load = load
  }

  /** Called for every stored message that comes live. */
  add(message: Framed): void {
    for (const { tail } of this.#readings) if (tail.length <= MOST_MESSAGES) tail.push(message)
  }

  /** Everything after a position up to now; undefined if there is nothing, some of it is gone, or it is too much. */
  async since(sequence: number, count: number): Promise<readonly Framed[] | undefined> {
    const { loaded, tail } = this.#reading(sequence + 1)
    let stored: readonly Framed[]
    try {
      stored = await loaded
    } catch {
      // Too much, or it cannot be read now: the newest state is the answer to both.
      return undefined
    }
    const last = stored.at(-1)?.sequence ?? sequence
    const all = [...stored, ...tail.filter((message) => message.sequence > last)]
    const missed = all.filter((message) => message.sequence > sequence)
    return isWhole(missed, count) ? missed : undefined
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#readings.clear()
  }

  #reading(from: number): Reading {
    for (const reading of this.#readings) if (reading.from <= from) return reading
    const reading: Reading = { from, loaded: this.#load(from, MOST_MESSAGES), tail: [] }
    this.#readings.add(reading)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#readings.delete(reading)
    }, SHARED_FOR_MS)
    this.#timers.add(timer)
    return reading
  }
}

/** The stream does not tell what it evicted of one subject, but the campaign's own count has a hole there. */
const isWhole = (messages: readonly Framed[], count: number): boolean =>
  messages.length > 0 &&
  messages.length <= MOST_MESSAGES &&
  messages.reduce((bytes, { frame }) => bytes + frame.byteLength, 0) <= MOST_BYTES &&
  messages.every((message, index) => message.count === count + 1 + index)
