// Ids that follow from what they name, so that doing a thing twice gives the same id.
import { createHash } from 'node:crypto'

/** Peyk's own name space: every name below is hashed inside it. */
const PEYK_NAMESPACE = Buffer.from('6f1c1d0e5b1a4c7e9a52f0c8f2a7b3d4', 'hex')

const VERSION_5 = 0x50
const RFC_VARIANT = 0x80

/** The UUID (version 5) of a name. Separate the parts of a name by something that no part contains. */
export const uuidV5 = (name: string): string => {
  const bytes = createHash('sha1').update(PEYK_NAMESPACE).update(name).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | VERSION_5, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | RFC_VARIANT, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** The id of a command's nth event in a stream: a retry after a lost answer carries the same ids. */
export const eventIdOf = (streamName: string, commandId: string, index: number): string =>
  uuidV5(`event\n${streamName}\n${commandId}\n${index}`)
