// Tells of each call to an event store, for metrics.
import type { EventStore, RecordedEvent } from './event-store.ts'

export interface EventStoreCall {
  readonly operation: string
  /** `ok`, or the name of the error. */
  readonly outcome: string
  /** Of a read: until its first event, or its end. */
  readonly seconds: number
}

/** The same store; `onCall` is told of each call when it is over. Subscriptions are not calls. */
export const observeCalls = (store: EventStore, onCall: (call: EventStoreCall) => void): EventStore => {
  const begin = (operation: string) => {
    const startedAt = performance.now()
    return (outcome: string) =>
      onCall({ operation, outcome, seconds: (performance.now() - startedAt) / 1_000 })
  }
  const observed = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const end = begin(operation)
    try {
      const result = await work()
      end('ok')
      return result
    } catch (error) {
      end(nameOf(error))
      throw error
    }
  }
  const observedRead = async function* (operation: string, events: AsyncIterable<RecordedEvent>) {
    const end = begin(operation)
    let isTold = false
    const tell = (outcome: string) => {
      if (!isTold) end(outcome)
      isTold = true
    }
    try {
      for await (const event of events) {
        tell('ok')
        yield event
      }
      tell('ok')
    } catch (error) {
      tell(nameOf(error))
      throw error
    }
  }
  return {
    ...store,
    append: (...call) => observed('append', () => store.append(...call)),
    readStream: (...call) => observedRead('readStream', store.readStream(...call)),
    readAll: (...call) => observedRead('readAll', store.readAll(...call)),
    headOf: (...call) => observed('headOf', () => store.headOf(...call)),
    deleteStream: (...call) => observed('deleteStream', () => store.deleteStream(...call)),
    tombstoneStream: (...call) => observed('tombstoneStream', () => store.tombstoneStream(...call)),
    setStreamMetadata: (...call) => observed('setStreamMetadata', () => store.setStreamMetadata(...call)),
    health: () => observed('health', () => store.health()),
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown')
