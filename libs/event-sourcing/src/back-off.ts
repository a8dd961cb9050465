import { setTimeout as sleep } from 'node:timers/promises'

export interface BackOff {
  readonly firstMs: number
  readonly maxMs: number
}

/** How long to wait before try number `attempt` (from 1): doubles up to `maxMs`, half of it random. */
export const backOffMs = ({ firstMs, maxMs }: BackOff, attempt: number): number => {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30))
  return full / 2 + (Math.random() * full) / 2
}

/** Waits, or returns at once when aborted. */
export const pause = async (ms: number, signal?: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error
  })
}
