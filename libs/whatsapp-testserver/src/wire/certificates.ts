/** Who the server says it is: the Noise certificate chain of its socket, and the TLS certificate of its media host. */
import { createPublicKey, sign, X509Certificate, type KeyObject } from 'node:crypto'

import { proto } from '@whiskeysockets/baileys'

import {
  derive,
  deriveKeyPair,
  deriveSigningKeyPair,
  ed25519Key,
  type KeyPair,
  type SigningKeyPair,
} from './keys.ts'

const NOT_BEFORE = Date.UTC(2020) / 1000
const NOT_AFTER = Date.UTC(2049) / 1000

export interface ServerIdentity {
  /** The key of the handshake, which the chain certifies. */
  readonly key: KeyPair
  readonly chain: Uint8Array
  /** What a client has to trust. */
  readonly root: Buffer
}

/**
 * The root comes out of the seed: servers of the same seed have the same one, since a client process pins one root.
 * It guards nothing: whoever reads this has it.
 */
export function serverIdentity(seed: string): ServerIdentity {
  const root = deriveSigningKeyPair(seed, 'root')
  const intermediate = deriveSigningKeyPair(seed, 'intermediate')
  const key = deriveKeyPair(seed, 'server')
  const chain = proto.CertChain.encode({
    intermediate: certificate(1, 0, intermediate, root),
    leaf: certificate(2, 1, key, intermediate),
  }).finish()
  return { key, chain, root: root.public }
}

function certificate(serial: number, issuerSerial: number, subject: KeyPair, issuer: SigningKeyPair) {
  const { Details } = proto.CertChain.NoiseCertificate
  const fields = { serial, issuerSerial, key: subject.public, notBefore: NOT_BEFORE, notAfter: NOT_AFTER }
  const details = Details.encode(fields).finish()
  return { details, signature: issuer.sign(details) }
}

export interface TlsIdentity {
  readonly key: KeyObject
  /** PEM; self-signed, so it is also what a client has to trust. */
  readonly certificate: string
}

const ED25519 = sequence(Buffer.from('06032b6570', 'hex'))

/** A self-signed certificate for 127.0.0.1 and localhost, the same for each server of the seed. */
export function tlsIdentity(seed: string): TlsIdentity {
  const key = ed25519Key(derive(seed, 'tls'))
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const toSign = sequence(
    der(0xa0, Buffer.from('020102', 'hex')), // version 3
    der(0x02, Buffer.from([1])),
    ED25519,
    NAME,
    sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('490101000000Z'))),
    NAME,
    spki,
    der(0xa3, sequence(SUBJECT_ALTERNATIVE_NAMES, IS_AUTHORITY)),
  )
  const signature = der(0x03, Buffer.from([0]), sign(null, toSign, key))
  return { key, certificate: new X509Certificate(sequence(toSign, ED25519, signature)).toString() }
}

const COMMON_NAME = Buffer.from('0603550403', 'hex')
const NAME = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from('WhatsApp test media')))))
const SUBJECT_ALTERNATIVE_NAMES = sequence(
  Buffer.from('0603551d11', 'hex'),
  der(0x04, sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))),
)
const IS_AUTHORITY = sequence(
  Buffer.from('0603551d130101ff', 'hex'),
  der(0x04, sequence(Buffer.from('0101ff', 'hex'))),
)

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
