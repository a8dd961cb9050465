// Payloads and headers: coded here, so that no codec of the client library decides.
import { headers as createHeaders, type MsgHdrs } from 'nats'

/** Bytes go as they are, everything else as JSON. */
export type Payload = Uint8Array | object

/** Lower case, except those that the server itself reads: NATS looks headers up by exact case. */
export type Headers = Readonly<Record<string, string>>

/** A message as a stream holds it. */
export interface StoredMessage {
  readonly subject: string
  readonly sequence: number
  readonly storedAt: Date
  readonly headers: Headers
  readonly data: Uint8Array
  /** The payload as JSON; the caller parses it with its schema. */
  json(): unknown
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export const encodePayload = (payload: Payload): Uint8Array =>
  payload instanceof Uint8Array ? payload : encoder.encode(JSON.stringify(payload))

export const decodeJson = (data: Uint8Array): unknown => JSON.parse(decoder.decode(data))

export function encodeHeaders(fields: Headers): MsgHdrs | undefined {
  const entries = Object.entries(fields)
  if (entries.length === 0) return undefined
  const result = createHeaders()
  for (const [name, value] of entries) result.set(name, value)
  return result
}

export function decodeHeaders(source: MsgHdrs | undefined): Headers {
  const result: Record<string, string> = {}
  if (source === undefined) return result
  for (const [name, values] of source) result[name] = values[0] ?? ''
  return result
}

/** Headers as the stream keeps them: `NATS/1.0`, then a line for each. */
export function decodeRawHeaders(raw: string): Headers {
  const result: Record<string, string> = {}
  for (const line of raw.split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    if (colon > 0) result[line.slice(0, colon)] ??= line.slice(colon + 1).trim()
  }
  return result
}
