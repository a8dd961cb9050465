/** Reads Baileys' reason for a closed socket. */
import type { ClosedEvent, DisconnectCause } from '../channel.ts'

const CAUSES: Readonly<Record<number, DisconnectCause>> = {
  401: 'logged_out',
  402: 'banned',
  403: 'banned',
  405: 'outdated',
  406: 'banned',
  408: 'connection_lost',
  428: 'connection_lost',
  429: 'rate_limited',
  440: 'replaced',
  500: 'connection_lost',
  503: 'connection_lost',
  515: 'restart_required',
}

const CERTIFICATE = /certificat/i
const PAIRING = /pair success node|account signature/i

/** What an error of Baileys means for the session; what is not known counts as a lost connection. */
export function closedBy(error: unknown): ClosedEvent {
  const { code, message, data } = describe(error)
  if (message === 'QR refs attempts ended') return closed('qr_expired')
  if (CERTIFICATE.test(message)) {
    return closed('untrusted_server', { detail: 'The server could not prove that it is WhatsApp' })
  }
  if (PAIRING.test(message)) {
    return closed('pairing_refused', { detail: "The phone's answer could not be verified" })
  }
  const cause = (code !== undefined && CAUSES[code]) || 'connection_lost'
  const until = cause === 'banned' || cause === 'rate_limited' ? endOfBan(data) : undefined
  return closed(cause, { ...(code !== undefined && { code }), ...(until && { until }) })
}

function closed(cause: DisconnectCause, more: Omit<ClosedEvent, 'type' | 'cause'> = {}): ClosedEvent {
  return { type: 'closed', cause, ...more }
}

/** Baileys ends with Boom errors: an output with a status code, and the node that said so. */
function describe(error: unknown): { code: number | undefined; message: string; data: unknown } {
  if (!(error instanceof Error)) return { code: undefined, message: '', data: undefined }
  const output: unknown = Reflect.get(error, 'output')
  const code: unknown = isRecord(output) ? output['statusCode'] : undefined
  return {
    code: typeof code === 'number' ? code : undefined,
    message: error.message,
    data: Reflect.get(error, 'data'),
  }
}

/** A temporary ban says for how many seconds it lasts. */
function endOfBan(data: unknown): Date | undefined {
  const seconds = isRecord(data) ? Number(data['expire']) : NaN
  return Number.isFinite(seconds) ? new Date(Date.now() + seconds * 1000) : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** The number with which WhatsApp refused a request, if it did (429: too many, 404: not there). */
export function refusalCode(error: unknown): number | undefined {
  const { data } = describe(error)
  return typeof data === 'number' && Number.isFinite(data) ? data : undefined
}
