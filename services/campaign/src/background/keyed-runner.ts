// Runs one action a key at a time; a wake-up during a run leads to one more run.
export interface KeyedRunner<Key> {
  readonly wake: (key: Key) => void
  /** Resolves when nothing runs any more; later wake-ups are ignored. */
  readonly stop: () => Promise<void>
}

export const createKeyedRunner = <Key>(act: (key: Key) => Promise<void>): KeyedRunner<Key> => {
  const running = new Map<Key, { again: boolean; done: Promise<void> }>()
  let stopped = false

  const run = async (key: Key): Promise<void> => {
    do {
      const state = running.get(key)
      if (state !== undefined) state.again = false
      await act(key)
    } while (running.get(key)?.again === true && !stopped)
    running.delete(key)
  }
  return {
    wake: (key) => {
      if (stopped) return
      const state = running.get(key)
      if (state !== undefined) {
        state.again = true
        return
      }
      const entry = { again: false, done: Promise.resolve() }
      running.set(key, entry)
      entry.done = run(key)
    },
    stop: async () => {
      stopped = true
      await Promise.all([...running.values()].map(({ done }) => done))
    },
  }
}
