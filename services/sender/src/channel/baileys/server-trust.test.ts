import { randomBytes } from 'node:crypto'

import { beforeAll, describe, expect, test } from '@jest/globals'
import { Curve, proto, WA_CERT_DETAILS } from '@whiskeysockets/baileys'

import { trustServerRoot, verifySignature } from './server-trust.ts'

describe('the check of a signature', () => {
  test('accepts what Baileys signs, with the plain and the prefixed key', () => {
    for (let round = 0; round < 20; round++) {
      const pair = Curve.generateKeyPair()
      const message = randomBytes(round * 7)
      const signature = Curve.sign(pair.private, message)
      expect(verifySignature(pair.public, message, signature)).toBe(true)
      expect(verifySignature(Buffer.concat([Buffer.from([5]), pair.public]), message, signature)).toBe(true)
    }
  })

  test('refuses another key, another message, a changed or short signature', () => {
    const pair = Curve.generateKeyPair()
    const message = randomBytes(40)
    const signature = Curve.sign(pair.private, message)
    const changed = Buffer.from(signature)
    changed.writeUInt8(changed.readUInt8(5) ^ 1, 5)
    expect(verifySignature(Curve.generateKeyPair().public, message, signature)).toBe(false)
    expect(verifySignature(pair.public, randomBytes(40), signature)).toBe(false)
    expect(verifySignature(pair.public, message, changed)).toBe(false)
    expect(verifySignature(pair.public, message, signature.subarray(1))).toBe(false)
    expect(verifySignature(randomBytes(5), message, signature)).toBe(false)
  })
})

describe('the check of a server', () => {
  const root = Curve.generateKeyPair()
  const certificateOf = (key: Uint8Array, issuer: { private: Uint8Array }) => {
    const details = proto.CertChain.NoiseCertificate.Details.encode({
      key,
      serial: 1,
      issuerSerial: 0,
    }).finish()
    return { details, signature: Curve.sign(issuer.private, details) }
  }
  /** The steps of Baileys' handshake: the server's key is mixed in, then the chain is verified from the leaf up. */
  const accepts = (staticKey: Uint8Array, certifiedKey: Uint8Array, signer = root) => {
    const intermediate = Curve.generateKeyPair()
    const leaf = certificateOf(certifiedKey, intermediate)
    const { details, signature } = certificateOf(intermediate.public, signer)
    Curve.sharedKey(Curve.generateKeyPair().private, staticKey)
    return (
      Curve.verify(intermediate.public, leaf.details, leaf.signature) &&
      Curve.verify(WA_CERT_DETAILS.PUBLIC_KEY, details, signature)
    )
  }
  const server = Curve.generateKeyPair().public
  beforeAll(() => {
    trustServerRoot(root.public)
  })

  test('accepts a chain from the root to the key of the handshake', () => {
    expect(accepts(server, server)).toBe(true)
  })

  test('refuses a chain of another root', () => {
    expect(accepts(server, server, Curve.generateKeyPair())).toBe(false)
  })

  test('refuses a genuine chain that another server shows', () => {
    expect(accepts(Curve.generateKeyPair().public, server)).toBe(false)
  })

  test('a process trusts one root', () => {
    expect(() => {
      trustServerRoot(root.public)
    }).not.toThrow()
    expect(() => {
      trustServerRoot(server)
    }).toThrow('one WhatsApp root key')
    expect(() => {
      trustServerRoot(randomBytes(5))
    }).toThrow('32 bytes')
  })
})
