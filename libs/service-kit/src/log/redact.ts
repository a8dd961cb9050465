// A10: no phone number, token, QR, pairing code or credential reaches a log or a trace.
import { isError } from './is-error.ts'

const HIDDEN = '[hidden]'
const MAX_DEPTH = 6
const MAX_ITEMS = 100

/** Keys whose values are never written, whatever they hold. */
const secretKey =
  /pass(word|phrase)|secret|token(?!_?id)|authorization|cookie|credential|api_?key|private_?key|master_?key|jwt|qr_?(code|data|text)?$|pairing_?code|phone|msisdn|jid$/i

/** Numbers under these keys are amounts, however large. */
const amountKey = /(bytes|ms|seconds|count|seq|sequence|revision|limit|total|port|pid|time|timestamp|at)$/i

/**
 * Ids, times and addresses that hold long runs of digits and are none of a person (kept), before what looks like a phone
 * number: nine digits or more, of any script, with the separators that people put between them.
 */
const digitRuns =
  /(?<kept>\b(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[0-9a-f]*[a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16})|3EB0[0-9A-F]{18}|wa_[a-z0-9]{20}|\d{4}-\d\d-\d\dT[\d:.]+Z?|(?:\d{1,3}\.){3}\d{1,3})\b)|\+?\p{Nd}(?:[\s().\u00a0\u200c\u200e\u200f-]{0,3}\p{Nd}){8,}/gu

const tokens = /\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi
const secretParameters = /([?&;](?:token|access_token|ticket|key|code|secret|signature)=)[^&\s"']+/gi
const addressPasswords = /(:\/\/[^/@:\s]*):[^/@\s]*@/g

/** The text without phone-like digit runs, tokens and passwords. */
export function redactText(text: string): string {
  return text
    .replaceAll(tokens, '[token]')
    .replaceAll(secretParameters, `$1${HIDDEN}`)
    .replaceAll(addressPasswords, `$1:${HIDDEN}@`)
    .replaceAll(digitRuns, (match: string, kept: string | undefined) =>
      kept === undefined ? '[number]' : match,
    )
}

const isUnprintable = (value: unknown) => typeof value === 'function' || typeof value === 'symbol'

const isSecret = (key: string, value: unknown) =>
  secretKey.test(key) && value !== undefined && value !== null && typeof value !== 'boolean'

/** A copy that is safe to write: secret keys hidden, texts redacted, errors with their causes, bounded in depth. */
export function redact(value: unknown, key = '', depth = 0): unknown {
  if (isSecret(key, value)) return HIDDEN
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'number') return looksLikePhone(value) && !amountKey.test(key) ? '[number]' : value
  if (typeof value === 'bigint') return redactText(String(value))
  if (typeof value === 'object' && value !== null) return redactObject(value, depth)
  return isUnprintable(value) ? `[${typeof value}]` : value
}

const looksLikePhone = (value: number) => Number.isInteger(value) && Math.abs(value) >= 1e8

function redactObject(value: object, depth: number): unknown {
  if (isError(value)) return redactError(value, depth)
  if (value instanceof Date) return value.toJSON()
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`
  if (value instanceof URL) return redactText(value.href)
  if (depth >= MAX_DEPTH) return '[deep]'
  if (Array.isArray(value))
    return value.slice(0, MAX_ITEMS).map((item: unknown) => redact(item, '', depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ITEMS)
      .map(([key, item]: [string, unknown]) => [key, redact(item, key, depth + 1)]),
  )
}

function redactError(error: Error, depth: number): unknown {
  const { name, message, stack, cause, ...fields } = Object.assign({ cause: error.cause }, error, {
    name: error.name,
    message: error.message,
    stack: error.stack,
  })
  return {
    type: name,
    message: redactText(message),
    ...(stack === undefined ? {} : { stack: redactText(stack) }),
    ...(depth >= MAX_DEPTH ? {} : fieldsOf(fields, depth)),
    ...(cause === undefined || depth >= MAX_DEPTH ? {} : { cause: redact(cause, '', depth + 1) }),
  }
}

const fieldsOf = (fields: object, depth: number): object => {
  const safe = redact(fields, '', depth + 1)
  return typeof safe === 'object' && safe !== null ? safe : {}
}
