interface Waiter {
  readonly position: bigint
  readonly settle: (isReached: boolean) => void
}

/** Those who wait for a checkpoint to come as far as their position. */
export class PositionWaiters {
  readonly #waiters = new Set<Waiter>()

  async wait(position: bigint, now: bigint | undefined, timeoutMs: number): Promise<boolean> {
    if (now !== undefined && now >= position) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiter = { position, settle: resolve }
    this.#waiters.add(waiter)
    const timer = setTimeout(resolve, timeoutMs, false)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
    }
  }

  reached(position: bigint): void {
    for (const waiter of this.#waiters) if (waiter.position <= position) waiter.settle(true)
  }

  giveUp(): void {
    for (const waiter of this.#waiters) waiter.settle(false)
  }
}
