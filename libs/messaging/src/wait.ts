// Waiting that ends early when a signal says so.

/** Resolves after the time, or at once when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
}

/** A delay that doubles with each attempt (0, 1, 2 ...) up to a ceiling, with a quarter of jitter. */
export function backOffMs(attempt: number, firstMs: number, ceilingMs: number): number {
  const full = Math.min(ceilingMs, firstMs * 2 ** Math.min(attempt, 30))
  return full * (0.75 + Math.random() * 0.25)
}
