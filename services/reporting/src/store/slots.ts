// A few places for heavy work; who finds none waits for the next one, in the order of asking.

export interface Slots {
  /** What gives the place back (calling it twice is once); undefined when none was free in time. */
  take(timeoutMs: number, signal: AbortSignal): Promise<(() => void) | undefined>
}

export const createSlots = (count: number): Slots => {
  let free = count
  const waiting = new Set<(hasSlot: boolean) => void>()

  const giveBack = () => {
    const [next] = waiting
    if (next === undefined) free += 1
    else next(true)
  }
  const wait = (timeoutMs: number, signal: AbortSignal) =>
    new Promise<boolean>((resolve) => {
      const settle = (hasSlot: boolean) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        waiting.delete(settle)
        resolve(hasSlot)
      }
      const giveUp = () => settle(false)
      const timer = setTimeout(giveUp, timeoutMs)
      signal.addEventListener('abort', giveUp)
      waiting.add(settle)
    })
  const once = () => {
    let isGiven = false
    return () => {
      if (!isGiven) giveBack()
      isGiven = true
    }
  }
  return {
    take: async (timeoutMs, signal) => {
      if (free > 0) {
        free -= 1
        return once()
      }
      return (await wait(timeoutMs, signal)) ? once() : undefined
    },
  }
}
