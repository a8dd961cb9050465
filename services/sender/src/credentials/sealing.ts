// AES-256-GCM with additional data: bytes that were sealed for one place cannot be opened in another.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const FORMAT_VERSION = 1
const IV_BYTES = 12
const TAG_BYTES = 16

/** iv, tag, ciphertext. */
export type Sealed = Uint8Array

/** The bytes were not sealed with this key for this place, or were changed since. */
export class WrongKey extends Error {
  override readonly name = 'WrongKey'

  constructor(options?: ErrorOptions) {
    super('sealed bytes cannot be opened: another key, another place, or damaged', options)
  }
}

const additionalData = (place: readonly string[]): Buffer =>
  Buffer.from(JSON.stringify([FORMAT_VERSION, ...place]))

export const seal = (key: Uint8Array, plain: Uint8Array, place: readonly string[]): Sealed => {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(additionalData(place))
  const body = cipher.update(plain)
  cipher.final()
  return Buffer.concat([iv, cipher.getAuthTag(), body])
}

/** Throws WrongKey. */
export const open = (key: Uint8Array, sealed: Sealed, place: readonly string[]): Uint8Array => {
  const bodyStart = IV_BYTES + TAG_BYTES
  if (sealed.length < bodyStart) throw new WrongKey()
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(additionalData(place))
      .setAuthTag(sealed.subarray(IV_BYTES, bodyStart))
    return Buffer.concat([decipher.update(sealed.subarray(bodyStart)), decipher.final()])
  } catch (cause) {
    throw new WrongKey({ cause })
  }
}
