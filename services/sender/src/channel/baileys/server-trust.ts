/**
 * Makes Baileys check who the server is. As it comes (7.0.0-rc14) it ignores the result of the signature check and
 * never compares the certified key with the key of the handshake, so any server would do. All of its checks go
 * through the exported `Curve`, which is replaced here.
 */
import { createPublicKey, verify } from 'node:crypto'

import { Curve, proto, WA_CERT_DETAILS } from '@whiskeysockets/baileys'

const P = 2n ** 255n - 19n
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

let installed = false
let pinnedRoot: Uint8Array | undefined

/** Pins the root of trust of this process (WhatsApp's own unless given) and installs the strict checks, once. */
export function trustServerRoot(root: Uint8Array = WA_CERT_DETAILS.PUBLIC_KEY): void {
  if (root.length !== 32) throw new Error('The root key of the WhatsApp server must be 32 bytes')
  if (pinnedRoot && !Buffer.from(pinnedRoot).equals(root)) {
    throw new Error('A process trusts one WhatsApp root key; another one is pinned already')
  }
  pinnedRoot = root
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root)
  if (installed) return
  installed = true
  installStrictChecks()
}

/**
 * Baileys handles the server's hello in one go, without giving way to anything else: it mixes in the server's
 * static key, verifies the leaf with the intermediate, and the intermediate with the root. So at the last step the
 * key mixed in last and the leaf verified last are those of this handshake.
 */
function installStrictChecks(): void {
  const sharedKey = Curve.sharedKey
  let lastMixedIn: Uint8Array = Buffer.alloc(0)
  let lastVerified: Uint8Array = Buffer.alloc(0)

  Curve.sharedKey = (privateKey, publicKey) => {
    lastMixedIn = publicKey
    return sharedKey(privateKey, publicKey)
  }
  Curve.verify = (publicKey, message, signature) => {
    if (!verifySignature(publicKey, message, signature)) return false
    if (publicKey === WA_CERT_DETAILS.PUBLIC_KEY) return certifies(lastVerified, lastMixedIn)
    lastVerified = message
    return true
  }
}

function certifies(leaf: Uint8Array, staticKey: Uint8Array): boolean {
  const { key } = proto.CertChain.NoiseCertificate.Details.decode(leaf)
  return key instanceof Uint8Array && Buffer.from(key).equals(staticKey)
}

/** Verifies an XEdDSA signature, as Signal makes them with Curve25519 keys. */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = publicKey.length === 33 ? publicKey.subarray(1) : publicKey
  if (key.length !== 32 || signature.length !== 64) return false
  const standard = Buffer.from(signature)
  const sign = standard.readUInt8(63) & 0x80
  standard.writeUInt8(standard.readUInt8(63) & 0x7f, 63)
  const edwards = toEdwards(key, sign)
  const spki = Buffer.concat([ED25519_SPKI_PREFIX, edwards])
  return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), standard)
}

/** The Edwards form of a Montgomery key: y = (u - 1) / (u + 1). The sign of x travels in the signature. */
function toEdwards(montgomery: Uint8Array, sign: number): Buffer {
  const u = (BigInt(`0x${Buffer.from(montgomery).reverse().toString('hex')}`) & (2n ** 255n - 1n)) % P
  const y = (((u - 1n + P) % P) * power((u + 1n) % P, P - 2n)) % P
  const bytes = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse()
  bytes.writeUInt8(bytes.readUInt8(31) | sign, 31)
  return bytes
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % P) {
    if (rest & 1n) result = (result * square) % P
  }
  return result
}
