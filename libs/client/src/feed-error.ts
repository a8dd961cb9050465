// What can go wrong, in plain words.

export type FeedErrorCode =
  | 'ECONNREFUSED'
  | 'ENOTFOUND'
  /** The server is there, and does not let this client in. */
  | 'REFUSED'
  /** No token could be had. */
  | 'TOKEN'
  /** Nothing was heard for longer than `maxSilenceMs`. */
  | 'SILENT'
  | 'BAD_MESSAGE'
  /** A message of another campaign: the connection is closed. */
  | 'FOREIGN_CAMPAIGN'
  | 'UNKNOWN'

const sentences: Readonly<Record<FeedErrorCode, string>> = {
  ECONNREFUSED: 'Connection refused: nothing listens there',
  ENOTFOUND: 'Host not found',
  REFUSED: 'The server refused the connection: check campaign, user and token',
  TOKEN: 'No token could be had',
  SILENT: 'The server has not been heard for too long',
  BAD_MESSAGE: 'A message could not be understood',
  FOREIGN_CAMPAIGN: 'A message of another campaign arrived',
  UNKNOWN: 'The connection failed',
}

export class FeedError extends Error {
  override readonly name = 'FeedError'
  readonly code: FeedErrorCode

  constructor(code: FeedErrorCode, options?: ErrorOptions) {
    super(sentences[code], options)
    this.code = code
  }
}

const PROBE_MS = 3_000

/**
 * Why a dial failed. WebSocket tells nothing, but Node's fetch names its cause; a browser hides it from pages too, so
 * there it stays UNKNOWN unless the server answers.
 */
export const explainFailedDial = async (address: URL, signal: AbortSignal): Promise<FeedError> => {
  const target = new URL('/healthz', address.origin.replace(/^ws/, 'http'))
  try {
    await fetch(target, { mode: 'no-cors', signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]) })
    return new FeedError('REFUSED')
  } catch (cause) {
    return new FeedError(codeOf(cause), { cause })
  }
}

const codeOf = (error: unknown): FeedErrorCode => {
  const code = fieldOf(fieldOf(error, 'cause'), 'code')
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' ? code : 'UNKNOWN'
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
