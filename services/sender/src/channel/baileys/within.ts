/** Waits that end. */

/** The wait was over before the work was. */
export class TimedOutError extends Error {
  override readonly name = 'TimedOutError'
}

/** The connection ended before the work was done. */
export class EndedError extends Error {
  override readonly name = 'EndedError'
}

/** Waits for `work` no longer than `ms`, and not past `ended`. The work itself goes on; its end is ignored. */
export async function within<T>(ms: number, work: Promise<T>, ended?: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new TimedOutError('Timed out'))
  }, ms)
  const stop =
    ended &&
    onAbort(ended, () => {
      reject(new EndedError('The connection has ended'))
    })
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    stop?.()
  }
}

/** Calls back when the signal fires, at once if it has; returns how to stop that. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback()
    return () => undefined
  }
  signal.addEventListener('abort', callback, { once: true })
  return () => {
    signal.removeEventListener('abort', callback)
  }
}
