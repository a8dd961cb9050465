// WebSocket close codes of the live feed, and what each tells the client to do.

export const closeCodes = {
  /** Drain or restart: reconnect after the delay of the reason, resume. */
  restart: 1012,
  /** Overloaded: back off at least 5 s. */
  overloaded: 1013,
  /** A binary frame: stop. */
  binary: 1003,
  /** Bad or missing parameters, or repeated unknown text: stop. */
  badRequest: 4400,
  /** Token missing, invalid or expired: get a new token, then connect. */
  unauthorized: 4401,
  /** Not your campaign, or access was revoked: stop. */
  forbidden: 4403,
  /** No such campaign; the same for another tenant's: stop. */
  notFound: 4404,
  /** Subprotocol not acceptable: stop. */
  notAcceptable: 4406,
  /** No pong in time: reconnect, resume. */
  pongTimeout: 4408,
  /** The stream's epoch changed: reconnect without resume. */
  epochChanged: 4410,
  /** Too many connections or messages: back off at least 30 s. */
  tooMany: 4429,
  /** Slow consumer: back off, resume. */
  slow: 4290,
} as const
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes]

/** At most 123 bytes of JSON: `c` names the cause, `r` is a reconnect delay in milliseconds. */
export const closeReason = (cause: string, reconnectMs?: number): string =>
  JSON.stringify(reconnectMs === undefined ? { c: cause } : { c: cause, r: Math.round(reconnectMs) })

/** The subprotocol of the plain feed, and of the one with positions and resume. */
export const SUBPROTOCOL = 'campaign-updates'
export const SUBPROTOCOL_V2 = 'campaign-updates.v2'
