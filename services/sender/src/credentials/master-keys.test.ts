import { randomBytes } from 'node:crypto'

import { describe, expect, test } from '@jest/globals'

import { parseMasterKeys, UnknownMasterKey } from './master-keys.ts'
import { open, seal, WrongKey } from './sealing.ts'

const keyText = (id: string) => `${id}:${randomBytes(32).toString('base64')}`

describe('master keys', () => {
  test('the first wraps, every one of them unwraps', () => {
    const [older, newer] = [keyText('2023'), keyText('2024')]
    const before = parseMasterKeys(older)!
    const after = parseMasterKeys(`${newer},${older}`)!
    const key = randomBytes(32)
    const wrapped = before.wrap(key, 'acme')
    expect(after.unwrap(wrapped, 'acme')).toEqual(key)
    expect(after.wrap(key, 'acme').masterKey).toBe('2024')
    expect(() => before.unwrap(after.wrap(key, 'acme'), 'acme')).toThrow(UnknownMasterKey)
  })
  test('a key that was wrapped for one tenant is none for another', () => {
    const keys = parseMasterKeys(keyText('a'))!
    expect(() => keys.unwrap(keys.wrap(randomBytes(32), 'acme'), 'globex')).toThrow(WrongKey)
  })
  test.each([
    '',
    'a',
    'a:',
    'a:c2hvcnQ=',
    `${keyText('a')},`,
    `${keyText('a')},${keyText('a')}`,
    `a b:${randomBytes(32).toString('base64')}`,
  ])('are refused: %s', (text) => {
    expect(parseMasterKeys(text)).toBeUndefined()
  })
})

describe('sealing', () => {
  const key = randomBytes(32)
  const place = ['acme', 'wa_1', 'creds']
  test('opens in its own place only, and with its own key', () => {
    const sealed = seal(key, Buffer.from('secret'), place)
    expect(Buffer.from(open(key, sealed, place)).toString()).toBe('secret')
    expect(() => open(key, sealed, ['acme', 'wa_2', 'creds'])).toThrow(WrongKey)
    expect(() => open(randomBytes(32), sealed, place)).toThrow(WrongKey)
  })
  test('notices every changed byte', () => {
    const sealed = seal(key, Buffer.from('secret'), place)
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => open(key, changed, place)).toThrow(WrongKey)
    }
    expect(() => open(key, sealed.subarray(0, 20), place)).toThrow(WrongKey)
  })
})
