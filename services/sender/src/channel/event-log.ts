/** Collects the events of a connection, for tests. */
import type { ConnectionEvent } from './channel.ts'

type Type = ConnectionEvent['type']
type Of<T extends Type> = Extract<ConnectionEvent, { readonly type: T }>

const DEADLINE_MS = 15_000

export class EventLog {
  readonly #events: ConnectionEvent[] = []
  readonly #taken = new Set<ConnectionEvent>()
  readonly #waiting = new Set<() => void>()

  readonly add = (event: ConnectionEvent): void => {
    this.#events.push(event)
    for (const check of [...this.#waiting]) check()
  }

  all<T extends Type>(type: T): Of<T>[] {
    return this.#events.filter((event): event is Of<T> => event.type === type)
  }

  last(): ConnectionEvent | undefined {
    return this.#events.at(-1)
  }

  /** Takes the next event of a type, waiting for it. */
  next<T extends Type>(type: T, matches: (event: Of<T>) => boolean = () => true): Promise<Of<T>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check)
        reject(
          new Error(
            `No event "${type}" came; there were: ${this.#events.map((each) => each.type).join(', ')}`,
          ),
        )
      }, DEADLINE_MS)
      const check = () => {
        const found = this.all(type).find((event) => !this.#taken.has(event) && matches(event))
        if (!found) return
        this.#taken.add(found)
        this.#waiting.delete(check)
        clearTimeout(timer)
        resolve(found)
      }
      this.#waiting.add(check)
      check()
    })
  }
}
