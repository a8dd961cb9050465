// The master keys of an installation: they wrap the key of each tenant and nothing else.
import { type Sealed, open, seal } from './sealing.ts'

const KEY_BYTES = 32

/** The first key of the list encrypts, all of them decrypt. */
export interface MasterKeys {
  /** The id of the first key. */
  readonly current: string
  /** Wraps under the first key; the answer names it. */
  wrap(key: Uint8Array, context: string): WrappedKey
  /** Throws UnknownMasterKey, or WrongKey when the bytes are not what was wrapped for this context. */
  unwrap(wrapped: WrappedKey, context: string): Uint8Array
}

export interface WrappedKey {
  readonly masterKey: string
  readonly bytes: Sealed
}

/** A wrapped key names a master key that this process was not given. */
export class UnknownMasterKey extends Error {
  override readonly name = 'UnknownMasterKey'
  readonly masterKey: string

  constructor(masterKey: string) {
    super(`CREDENTIALS_KEYS has no key ${masterKey}`)
    this.masterKey = masterKey
  }
}

/** Reads `<id>:<base64>,<id>:<base64>`; undefined when it is not a list of 256-bit keys with different ids. */
export const parseMasterKeys = (text: string): MasterKeys | undefined => {
  const keys = new Map<string, Uint8Array>()
  for (const part of text.split(',')) {
    const [, id, base64 = ''] = /^([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/_-]+={0,2})$/.exec(part.trim()) ?? []
    const key = Buffer.from(base64, 'base64')
    if (id === undefined || key.length !== KEY_BYTES || keys.has(id)) return undefined
    keys.set(id, key)
  }
  const [first] = keys
  return first === undefined ? undefined : masterKeysOf(keys, first)
}

const masterKeysOf = (
  keys: ReadonlyMap<string, Uint8Array>,
  [currentId, currentKey]: readonly [string, Uint8Array],
): MasterKeys => ({
  current: currentId,
  wrap: (key, context) => ({ masterKey: currentId, bytes: seal(currentKey, key, ['wrap', context]) }),
  unwrap: ({ masterKey, bytes }, context) => {
    const key = keys.get(masterKey)
    if (key === undefined) throw new UnknownMasterKey(masterKey)
    return open(key, bytes, ['wrap', context])
  },
})
