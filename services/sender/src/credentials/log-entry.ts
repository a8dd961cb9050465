// What a message of WA_KEYS holds. Binary: a login writes 812 keys at once.
import type { Sealed } from './sealing.ts'

/** Names are keyed hashes, as base64url text. */
export type LogEntry =
  /** A new owner: from here on only its writes are taken. */
  | { readonly kind: 'claimed' }
  /** One write, all or nothing; `null` deletes. */
  | { readonly kind: 'records'; readonly records: ReadonlyMap<string, Sealed | null> }
  /** The session has no credentials any more. */
  | { readonly kind: 'wiped' }

const VERSION = 1
const KINDS = ['claimed', 'records', 'wiped'] as const
const NAME_BYTES = 16
const LENGTH_BYTES = 4
const DELETED = 0xff_ff_ff_ff

/** A message that this release cannot read: written by a newer one, or damaged. */
export class UnreadableLogEntry extends Error {
  override readonly name = 'UnreadableLogEntry'

  constructor() {
    super('a message of WA_KEYS is not in a format that this release knows')
  }
}

export const recordName = (hash: Uint8Array): string => Buffer.from(hash).toString('base64url')

export const encodeLogEntry = (entry: LogEntry): Uint8Array => {
  const parts: Uint8Array[] = [Uint8Array.of(VERSION, KINDS.indexOf(entry.kind))]
  if (entry.kind === 'records')
    for (const [name, sealed] of entry.records) parts.push(...encodeRecord(name, sealed))
  return Buffer.concat(parts)
}

const encodeRecord = (name: string, sealed: Sealed | null): Uint8Array[] => {
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(sealed?.length ?? DELETED)
  return [Buffer.from(name, 'base64url'), length, sealed ?? Buffer.alloc(0)]
}

/** Throws UnreadableLogEntry. */
export const decodeLogEntry = (bytes: Uint8Array): LogEntry => {
  const [version, kindNumber = -1] = bytes
  const kind = KINDS[kindNumber]
  if (version !== VERSION || kind === undefined) throw new UnreadableLogEntry()
  return kind === 'records' ? { kind, records: decodeRecords(Buffer.from(bytes)) } : { kind }
}

const decodeRecords = (bytes: Buffer): ReadonlyMap<string, Sealed | null> => {
  const records = new Map<string, Sealed | null>()
  let at = 2
  while (at < bytes.length) {
    const bodyAt = at + NAME_BYTES + LENGTH_BYTES
    if (bodyAt > bytes.length) throw new UnreadableLogEntry()
    const name = recordName(bytes.subarray(at, at + NAME_BYTES))
    const length = bytes.readUInt32BE(at + NAME_BYTES)
    const isDeleted = length === DELETED
    const end = isDeleted ? bodyAt : bodyAt + length
    if (end > bytes.length) throw new UnreadableLogEntry()
    // A copy: a slice would keep the whole message in memory.
    records.set(name, isDeleted ? null : Uint8Array.from(bytes.subarray(bodyAt, end)))
    at = end
  }
  return records
}
