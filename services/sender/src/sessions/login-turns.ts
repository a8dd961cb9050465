// Logins are spread: many sessions that come back at once look like an attack (SPEC S8).
import { setTimeout as sleep } from 'node:timers/promises'

export interface LoginTurns {
  /** Waits for this session's turn; throws the signal's reason when it aborts. */
  next(signal: AbortSignal): Promise<void>
}

export const createLoginTurns = (perSecond = 2): LoginTurns => {
  const spacingMs = 1_000 / perSecond
  let freeAt = 0
  return {
    next: async (signal) => {
      const now = performance.now()
      const turnAt = Math.max(now, freeAt)
      freeAt = turnAt + spacingMs
      if (turnAt > now) await sleep(turnAt - now, undefined, { signal })
    },
  }
}
