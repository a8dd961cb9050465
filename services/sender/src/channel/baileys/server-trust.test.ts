import { randomBytes } from 'node:crypto'

import { describe, expect, test } from '@jest/globals'
import { Curve } from '@whiskeysockets/baileys'

import { verifySignature } from './server-trust.ts'

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
