import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { decodeLogEntry, encodeLogEntry, recordName, UnreadableLogEntry } from './log-entry.ts'

const hash = fc.uint8Array({ minLength: 16, maxLength: 16 })
const sealed = fc.option(fc.uint8Array({ maxLength: 200 }), { nil: null })

describe('a message of WA_KEYS', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hash, sealed)), (pairs) => {
        const records = new Map(pairs.map(([name, bytes]) => [recordName(name), bytes]))
        expect(decodeLogEntry(encodeLogEntry({ kind: 'records', records }))).toEqual({
          kind: 'records',
          records,
        })
      }),
    )
  })
  test.each(['claimed', 'wiped'] as const)('%s has no records', (kind) => {
    expect(decodeLogEntry(encodeLogEntry({ kind }))).toEqual({ kind })
  })
  test('of another format, or cut short, is refused', () => {
    const whole = encodeLogEntry({
      kind: 'records',
      records: new Map([[recordName(new Uint8Array(16)), new Uint8Array(9)]]),
    })
    for (const bytes of [new Uint8Array(), Uint8Array.of(2, 1), Uint8Array.of(1, 7), whole.subarray(0, 30)])
      expect(() => decodeLogEntry(bytes)).toThrow(UnreadableLogEntry)
  })
})
