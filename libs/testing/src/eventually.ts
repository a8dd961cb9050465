import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallyOptions {
  /** Default 10 s. */
  readonly deadlineMs?: number
  /** What is waited for, to be read in the error. */
  readonly what?: string
}

const PAUSES_MS = [1, 2, 5, 10, 20]
const LONGEST_PAUSE_MS = 50

/**
 * Waits until `check` gives a truthy value, and returns it. A check that throws (an `expect`, say) is tried again; its
 * last error is the cause when the time is up.
 */
export const eventually = async <T>(
  check: () => T | Promise<T>,
  { deadlineMs = 20_000, what = 'a condition' }: EventuallyOptions = {},
): Promise<NonNullable<T>> => {
  const deadline = performance.now() + deadlineMs
  for (let attempt = 0; ; attempt += 1) {
    let cause: unknown
    try {
      const value = await check()
      if (value) return value
      cause = new Error(`the last value was ${String(value)}`)
    } catch (error) {
      cause = error
    }
    if (performance.now() >= deadline) {
      throw new Error(`waited ${deadlineMs} ms for ${what}: ${messageOf(cause)}`, { cause })
    }
    await sleep(PAUSES_MS[attempt] ?? LONGEST_PAUSE_MS)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
