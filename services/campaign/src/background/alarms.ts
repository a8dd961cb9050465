// One timer a key, none longer than a minute: who is woken too early looks again.
export interface Alarms<Key> {
  /** Wakes the key after so long, at the latest after a minute; the alarm that it had before is gone. */
  set(key: Key, afterMs: number): void
  stop(): void
}

const LONGEST_MS = 60_000

export const createAlarms = <Key>(wake: (key: Key) => void): Alarms<Key> => {
  const timers = new Map<Key, NodeJS.Timeout>()
  return {
    set: (key, afterMs) => {
      clearTimeout(timers.get(key))
      const ring = () => {
        timers.delete(key)
        wake(key)
      }
      timers.set(key, setTimeout(ring, Math.min(LONGEST_MS, afterMs)))
    },
    stop: () => {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
    },
  }
}
