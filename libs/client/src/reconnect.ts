// What to do when a connection ended: the owner's delays, and what the server's close codes ask for.

export interface ReconnectPolicy {
  /** Dials in a row that may fail before the client gives up. */
  readonly maxReconnectAttempts: number
  /** The first delay; each further attempt waits as much longer. */
  readonly reconnectDelayMs: number
  readonly maxReconnectDelayMs: number
  /** The share of a delay that chance may take away: 0 is always the same, 1 is anything from 0. */
  readonly jitter: number
}

/** The owner's class: five attempts after 5, 10, 15, 20 and 25 seconds. */
export const standardPolicy: ReconnectPolicy = {
  maxReconnectAttempts: 5,
  reconnectDelayMs: 5_000,
  maxReconnectDelayMs: 60_000,
  jitter: 0,
}

export interface Ended {
  readonly code: number
  readonly reason: string
  /** Attempts since the server was last heard. */
  readonly attempts: number
  /** A new token can be asked for. */
  readonly canRenewToken: boolean
}

export type Decision =
  { readonly kind: 'stop'; readonly why: string } | { readonly kind: 'reconnect'; readonly delayMs: number }

/** What no further dial mends. */
const finalCodes: Readonly<Record<number, string>> = {
  1003: 'the server does not take binary messages',
  4400: 'the server did not understand this client',
  4403: 'access to this campaign was taken back',
  4404: 'there is no such campaign',
  4406: 'the server does not speak this subprotocol',
}
const UNAUTHORIZED = 4401
/** The least delay that a code asks for. */
const leastDelayMs: Readonly<Record<number, number>> = { 1013: 5_000, 4429: 30_000 }

/** Pure: `random` is a number from 0 up to 1. */
export const decideReconnect = (
  { code, reason, attempts, canRenewToken }: Ended,
  policy: ReconnectPolicy,
  random: number,
): Decision => {
  const final = finalCodes[code]
  if (final !== undefined) return { kind: 'stop', why: final }
  if (code === UNAUTHORIZED && !canRenewToken) return { kind: 'stop', why: 'the token is not valid any more' }
  if (attempts >= policy.maxReconnectAttempts)
    return { kind: 'stop', why: 'the most attempts in a row were made' }
  // At the end of a token the way is free: only a second refusal in a row has to wait.
  if (code === UNAUTHORIZED && attempts === 0) return { kind: 'reconnect', delayMs: 0 }
  const own = Math.min(policy.reconnectDelayMs * (attempts + 1), policy.maxReconnectDelayMs)
  const delayMs = (adviceOf(reason) ?? own) * (1 - policy.jitter * random)
  return { kind: 'reconnect', delayMs: Math.max(delayMs, leastDelayMs[code] ?? 0) }
}

/** The delay that the server named: `{"c":"restart","r":5000}`. */
const adviceOf = (reason: string): number | undefined => {
  try {
    const parsed: unknown = JSON.parse(reason)
    if (typeof parsed !== 'object' || parsed === null || !('r' in parsed)) return undefined
    return typeof parsed.r === 'number' && parsed.r >= 0 ? parsed.r : undefined
  } catch {
    return undefined
  }
}
