// Who wants to hear of what.

export class Listeners<Events extends object> {
  #sets: { [Name in keyof Events]?: Set<(value: Events[Name]) => void> } = {}

  /** Answers how to stop listening. */
  add<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const set = (this.#sets[name] ??= new Set())
    set.add(listener)
    return () => void set.delete(listener)
  }

  /** A listener that throws is reported as any uncaught error is, and the others still hear. */
  tell<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.#sets[name] ?? [])]) {
      try {
        listener(value)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  clear(): void {
    this.#sets = {}
  }
}
