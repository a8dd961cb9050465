// A1: the same POST twice is one command.
import { createHash, randomUUID } from 'node:crypto'

import { type CommandId, commandIdSchema, type Principal } from '@peyk/contracts'

/** The namespace of command ids; a constant, or keys that were used before an upgrade would count as new. */
const NAMESPACE = Buffer.from('5f0c9a3e8d4b4f0fa6b1d0c2e7f8a913', 'hex')

/** An id of version 5 (RFC 9562): the same name always gives the same id. */
function uuid5(name: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16)
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6)
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8)
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export interface CommandKey {
  readonly principal: Principal | undefined
  readonly idempotencyKey: string | undefined
  readonly method: string
  readonly path: string
}

/** The command's id: from the `Idempotency-Key`, scoped by tenant, user and route; random without one. */
export function commandIdOf({ principal, idempotencyKey, method, path }: CommandKey): CommandId {
  if (idempotencyKey === undefined) return commandIdSchema.parse(randomUUID())
  // JSON keeps the parts apart: ["a","bc"] is not ["ab","c"]
  return commandIdSchema.parse(
    uuid5(JSON.stringify([principal?.tenant, principal?.userId, idempotencyKey, method, path])),
  )
}
