import { DELETED_REVISION } from './types.ts'

/** The part of a stream's metadata that the server obeys. */
export type StreamMetadata = Readonly<{
  maxCount?: number
  maxAgeSeconds?: number
  truncateBefore?: number
}>

const DELETED_ON_THE_WIRE = '9223372036854775807'

/** The name of the stream that holds another stream's metadata. */
export function metadataStreamOf(stream: string): string {
  return `$$${stream}`
}

/** The stream that a metadata stream speaks of; undefined for any other stream. */
export function streamOfMetadata(name: string): string | undefined {
  return name.startsWith('$$') ? name.slice(2) : undefined
}

/** Reads metadata as far as it makes sense: what is malformed is ignored, as the real server does. */
export function parseMetadata(raw: Uint8Array | undefined): StreamMetadata {
  const fields = parseObject(raw)
  const maxCount = wholeNumber(fields['$maxCount'])
  const maxAgeSeconds = wholeNumber(fields['$maxAge'])
  const truncateBefore = wholeNumber(fields['$tb'])
  return {
    ...(maxCount !== undefined && maxCount > 0 && { maxCount }),
    ...(maxAgeSeconds !== undefined && maxAgeSeconds > 0 && { maxAgeSeconds }),
    ...(truncateBefore !== undefined && { truncateBefore: Math.min(truncateBefore, DELETED_REVISION) }),
  }
}

/** The same metadata with another `$tb`. It is written as text: 2^63 - 1 is not a JavaScript number. */
export function withTruncateBefore(raw: Uint8Array | undefined, truncateBefore: number): Uint8Array {
  const others = parseObject(raw)
  delete others['$tb']
  const value = truncateBefore === DELETED_REVISION ? DELETED_ON_THE_WIRE : String(truncateBefore)
  const rest = JSON.stringify(others).slice(1, -1)
  return Buffer.from(`{"$tb":${value}${rest === '' ? '' : `,${rest}`}}`)
}

function parseObject(raw: Uint8Array | undefined): Record<string, unknown> {
  if (raw === undefined || raw.length === 0) return {}
  try {
    const value: unknown = JSON.parse(Buffer.from(raw).toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && Number.isInteger(value) ? value : undefined
}
