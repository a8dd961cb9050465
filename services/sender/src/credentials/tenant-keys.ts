// A random key for each tenant, wrapped by the master key, in the bucket `tenant_keys`.
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'

import type { SessionId, TenantId } from '@peyk/contracts'
import { type Bucket, WrongLastSequence } from '@peyk/messaging'
import { z } from 'zod'

import type { MasterKeys } from './master-keys.ts'
import { open, seal, type Sealed } from './sealing.ts'

/** No tenant id begins with an underscore. */
const NUMBERS_KEY = '_numbers'
const NAME_BYTES = 16

const storedKeySchema = z.object({ version: z.literal(1), masterKey: z.string(), wrapped: z.base64() })

export interface TenantKeys {
  /** The cipher of one session, made with its tenant's key. */
  cipherOf(tenant: TenantId, sessionId: SessionId): Promise<SessionCipher>
  /** The same for all tenants, so that a number is found whoever linked it. */
  hashNumber(phone: string): Promise<string>
}

/** Seals the records of one session, and hides their names. */
export interface SessionCipher {
  /** A keyed hash: names of records may hold phone numbers. */
  hashName(name: string): Uint8Array
  seal(name: string, plain: Uint8Array): Sealed
  open(name: string, sealed: Sealed): Uint8Array
}

export const createTenantKeys = (bucket: Bucket, masterKeys: MasterKeys): TenantKeys => {
  const known = new Map<string, Promise<Uint8Array>>()
  const keyOf = (name: string): Promise<Uint8Array> => {
    const key = known.get(name) ?? readOrMake(bucket, masterKeys, name)
    known.set(name, key)
    key.catch(() => known.delete(name))
    return key
  }
  return {
    cipherOf: async (tenant, sessionId) => sessionCipher(await keyOf(tenant), tenant, sessionId),
    hashNumber: async (phone) =>
      createHmac('sha256', await keyOf(NUMBERS_KEY))
        .update(phone)
        .digest('hex'),
  }
}

/** Of several processes that make a key at the same time one wins, and the others read it. */
async function readOrMake(bucket: Bucket, masterKeys: MasterKeys, name: string): Promise<Uint8Array> {
  const stored = await bucket.get(name)
  if (stored !== undefined) {
    const { masterKey, wrapped } = storedKeySchema.parse(stored.json())
    return masterKeys.unwrap({ masterKey, bytes: Buffer.from(wrapped, 'base64') }, name)
  }
  const key = randomBytes(32)
  try {
    await bucket.create(name, wrappedFor(masterKeys, name, key))
    return key
  } catch (error) {
    if (error instanceof WrongLastSequence) return readOrMake(bucket, masterKeys, name)
    throw error
  }
}

const wrappedFor = (
  masterKeys: MasterKeys,
  name: string,
  key: Uint8Array,
): z.infer<typeof storedKeySchema> => {
  const { masterKey, bytes } = masterKeys.wrap(key, name)
  return { version: 1, masterKey, wrapped: Buffer.from(bytes).toString('base64') }
}

/** How many keys each master key wraps. */
export const countByMasterKey = async (bucket: Bucket): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>()
  for (const entry of await bucket.entries()) {
    const { masterKey } = storedKeySchema.parse(entry.json())
    counts.set(masterKey, (counts.get(masterKey) ?? 0) + 1)
  }
  return counts
}

/**
 * Wraps every key anew under the first master key, and answers how many that were. The keys themselves stay, so the
 * sessions of running senders do not notice. Throws UnknownMasterKey before it has changed that entry.
 */
export const rotateMasterKey = async (bucket: Bucket, masterKeys: MasterKeys): Promise<number> => {
  let rotated = 0
  for (const entry of await bucket.entries()) {
    const { key: name, revision } = entry
    const { masterKey, wrapped } = storedKeySchema.parse(entry.json())
    if (masterKey === masterKeys.current) continue
    const key = masterKeys.unwrap({ masterKey, bytes: Buffer.from(wrapped, 'base64') }, name)
    // Only another rotation writes an entry that is there; what it wrote stands.
    await bucket.update(name, wrappedFor(masterKeys, name, key), revision)
    rotated += 1
  }
  return rotated
}

const sessionCipher = (tenantKey: Uint8Array, tenant: TenantId, sessionId: SessionId): SessionCipher => {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', tenantKey, sessionId, purpose, 32))
  const nameKey = derive('names')
  const recordKey = derive('records')
  return {
    hashName: (name) => createHmac('sha256', nameKey).update(name).digest().subarray(0, NAME_BYTES),
    seal: (name, plain) => seal(recordKey, plain, [tenant, sessionId, name]),
    open: (name, sealed) => open(recordKey, sealed, [tenant, sessionId, name]),
  }
}
