/** Lets one loop sleep until something happened. What happens while it is awake is not lost. */
export class Wakeup {
  #isDue = false
  #wake: (() => void) | undefined

  wake(): void {
    this.#isDue = true
    this.#wake?.()
  }

  /** Resolves at the next wake (or at once, if one came since the last wait), after the time, or when a signal aborts. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isDue && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', end)
          this.#wake = undefined
          resolve()
        }
        const timer = setTimeout(end, timeoutMs)
        signal.addEventListener('abort', end, { once: true })
        this.#wake = end
      })
    }
    this.#isDue = false
  }
}

/** Resolves when the signal aborts. */
export const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Whether it is over by now: the compiler believes that `aborted` stays what it was when it was looked at before. */
export const isOver = (signal: AbortSignal): boolean => signal.aborted
