/**
 * Keys and chances out of one seed. What can be computed again need not be stored: a recipient's keys cost nothing
 * until somebody writes to it, and are the same after a restart.
 */
import { createHmac, createPrivateKey, createPublicKey } from 'node:crypto'

export interface KeyPair {
  readonly public: Buffer
  readonly private: Buffer
}

const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** 32 bytes that belong to this seed and these words. */
export function derive(seed: string, ...words: readonly (string | number)[]): Buffer {
  return createHmac('sha256', seed).update(JSON.stringify(words)).digest()
}

export function deriveKeyPair(seed: string, ...words: readonly (string | number)[]): KeyPair {
  const secret = derive(seed, 'x25519', ...words)
  const key = createPrivateKey({ key: Buffer.concat([X25519_PKCS8, secret]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return { public: spki.subarray(-32), private: clamped(secret) }
}

/** A chance in [0, 1) that belongs to this seed and these words, whatever happens in between. */
export function chance(seed: string, ...words: readonly (string | number)[]): number {
  return derive(seed, 'chance', ...words).readUIntBE(0, 6) / 2 ** 48
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
