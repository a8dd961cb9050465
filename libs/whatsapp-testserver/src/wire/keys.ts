/**
 * Keys and chances out of one seed. What can be computed again need not be stored: a recipient's keys cost nothing
 * until somebody writes to it, and are the same after a restart.
 */
import { createHash, createHmac, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'

export interface KeyPair {
  readonly public: Buffer
  readonly private: Buffer
}

/** A key pair of Signal that signs. */
export interface SigningKeyPair extends KeyPair {
  sign(message: Uint8Array): Buffer
}

const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SIGN_BIT = 0x80

/** 32 bytes that belong to this seed and these words. */
export function derive(seed: string, ...words: readonly (string | number)[]): Buffer {
  return createHmac('sha256', seed).update(JSON.stringify(words)).digest()
}

export function deriveKeyPair(seed: string, ...words: readonly (string | number)[]): KeyPair {
  return keyPairOf(clamped(derive(seed, 'x25519', ...words)))
}

/**
 * A key pair that signs as Signal does (XEdDSA), at the speed of the crypto library: made of an Ed25519 key, it has the
 * same secret scalar as that. A signature carries the sign of the Edwards key in its last bit.
 */
export function deriveSigningKeyPair(seed: string, ...words: readonly (string | number)[]): SigningKeyPair {
  const secret = derive(seed, 'ed25519', ...words)
  const key = ed25519Key(secret)
  const scalar = clamped(createHash('sha512').update(secret).digest().subarray(0, 32))
  const signBit = rawPublicKey(key).readUInt8(31) & SIGN_BIT
  return {
    ...keyPairOf(scalar),
    sign: (message) => {
      const signature = sign(null, message, key)
      signature.writeUInt8(signature.readUInt8(63) | signBit, 63)
      return signature
    },
  }
}

export function ed25519Key(secret: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, secret]), format: 'der', type: 'pkcs8' })
}

/** A chance in [0, 1) that belongs to this seed and these words, whatever happens in between. */
export function chance(seed: string, ...words: readonly (string | number)[]): number {
  return derive(seed, 'chance', ...words).readUIntBE(0, 6) / 2 ** 48
}

function keyPairOf(secret: Buffer): KeyPair {
  const key = createPrivateKey({ key: Buffer.concat([X25519_PKCS8, secret]), format: 'der', type: 'pkcs8' })
  return { public: rawPublicKey(key), private: secret }
}

function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
}

function clamped(secret: Buffer): Buffer {
  const key = Buffer.from(secret)
  key.writeUInt8(key.readUInt8(0) & 248, 0)
  key.writeUInt8((key.readUInt8(31) & 127) | 64, 31)
  return key
}

/** Signal's form of a public key: with its type in front. */
export function signalKey(key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([5]), key])
}
