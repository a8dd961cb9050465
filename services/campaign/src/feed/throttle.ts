// At most one call a gap for each key, and always one for the last value.
export interface Throttle<Key> {
  /** Calls `emit` now, or once when the gap since the last call is over. `emit` reads the newest state itself. */
  offer(key: Key, emit: () => Promise<void>): Promise<void>
  /** Ends the waiting ones. */
  stop(): void
}

export interface ThrottleOptions {
  readonly gapMs: number
  readonly onError: (error: unknown) => void
}

export const createThrottle = <Key>({ gapMs, onError }: ThrottleOptions): Throttle<Key> => {
  const lastAt = new Map<Key, number>()
  const waiting = new Map<Key, NodeJS.Timeout>()

  const emitNow = (key: Key, emit: () => Promise<void>): Promise<void> => {
    lastAt.set(key, performance.now())
    return emit()
  }
  return {
    offer: (key, emit) => {
      const waitMs = (lastAt.get(key) ?? -Infinity) + gapMs - performance.now()
      if (waitMs <= 0 && !waiting.has(key)) return emitNow(key, emit)
      if (!waiting.has(key)) {
        const timer = setTimeout(() => {
          waiting.delete(key)
          emitNow(key, emit).catch(onError)
        }, waitMs)
        waiting.set(key, timer)
      }
      return Promise.resolve()
    },
    stop: () => {
      for (const timer of waiting.values()) clearTimeout(timer)
      waiting.clear()
    },
  }
}
