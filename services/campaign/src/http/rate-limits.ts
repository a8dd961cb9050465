// How much one user may ask for: a bucket of tokens for each kind of request, refilled evenly.
import type { Principal } from '@peyk/contracts'
import { ProblemError } from '@peyk/service-kit'

export type RequestKind = 'command' | 'read' | 'upload'

interface Limit {
  /** So many at once. */
  readonly burst: number
  /** So many are given back in a second. */
  readonly perSecond: number
}

const MINUTE_S = 60

export const standardLimits: Record<RequestKind, Limit> = {
  command: { burst: 200, perSecond: 200 / (15 * MINUTE_S) },
  read: { burst: 100, perSecond: 20 },
  upload: { burst: 5, perSecond: 5 / MINUTE_S },
}

interface TokenBucket {
  tokens: number
  atMs: number
}

/** Users that are remembered; the longest quiet are forgotten, which gives them full buckets. */
const MAX_BUCKETS = 50_000

/** Takes one token for a request, or throws `too_many_requests`. `nowMs`: a monotonic clock. */
export const createRateLimits = (
  limits: Record<RequestKind, Limit> = standardLimits,
  nowMs: () => number = () => performance.now(),
) => {
  const buckets = new Map<string, TokenBucket>()
  return (principal: Principal, kind: RequestKind): void => {
    const { burst, perSecond } = limits[kind]
    const key = JSON.stringify([kind, principal.tenant, principal.userId])
    const now = nowMs()
    const known = buckets.get(key) ?? { tokens: burst, atMs: now }
    const tokens = Math.min(burst, known.tokens + ((now - known.atMs) / 1_000) * perSecond)
    const isAllowed = tokens >= 1
    // Taken out and put in again: a Map keeps the order of insertion, so the first is the longest quiet.
    buckets.delete(key)
    buckets.set(key, { tokens: isAllowed ? tokens - 1 : tokens, atMs: now })
    const [oldest] = buckets.keys()
    if (buckets.size > MAX_BUCKETS && oldest !== undefined) buckets.delete(oldest)
    if (!isAllowed) throw tooMany(burst, Math.ceil((1 - tokens) / perSecond))
  }
}

const tooMany = (limit: number, afterSeconds: number): ProblemError =>
  new ProblemError('too_many_requests', {
    detail: `try again in ${afterSeconds} s`,
    headers: {
      'retry-after': String(afterSeconds),
      'ratelimit-limit': String(limit),
      'ratelimit-remaining': '0',
      'ratelimit-reset': String(afterSeconds),
    },
  })
