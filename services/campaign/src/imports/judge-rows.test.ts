import { describe, expect, test } from '@jest/globals'
import type { Phone } from '@peyk/contracts'

import type { ImportRow } from './columns.ts'
import { createJudge } from './judge-rows.ts'

const judgeAll = (rows: readonly Partial<ImportRow>[], required: readonly string[] = []) => {
  const judge = createJudge({ country: 'IR', required }, new Set<Phone>())
  return rows.map((row, index) => judge({ row: index + 2, phone: '', variables: {}, ...row }))
}

test('a row with a number becomes a recipient with its values and its reference', () =>
  expect(judgeAll([{ phone: '۰۹۱۲۳۴۵۶۷۸۹', variables: { name: 'علی', ref: 'A1' } }])).toEqual([
    {
      outcome: 'accepted',
      recipient: {
        phone: '989123456789',
        spelling: '09123456789',
        variables: { name: 'علی', ref: 'A1' },
        ref: 'A1',
      },
    },
  ]))

test('one number in five spellings is one recipient', () => {
  const spellings = ['09123456789', '9123456789', '+989123456789', '00989123456789', '۰۹۱۲ ۳۴۵ ۶۷۸۹']
  expect(judgeAll(spellings.map((phone) => ({ phone }))).map(({ outcome }) => outcome)).toEqual([
    'accepted',
    'duplicate',
    'duplicate',
    'duplicate',
    'duplicate',
  ])
})

test('a row that is refused does not make a later one a duplicate', () => {
  const phone = '09123456789'
  const judged = judgeAll([{ phone }, { phone, variables: { name: 'علی' } }], ['name'])
  expect(judged.map(({ outcome }) => outcome)).toEqual(['rejected', 'accepted'])
})

describe('refusals name the row and the reason', () => {
  test.each([
    [{ phone: '' }, 'missing_phone'],
    [{ phone: '123' }, 'invalid_phone'],
    [{ phone: '9.12E+09' }, 'lost_digits'],
    [{ phone: '09123456789', variables: { name: 'x'.repeat(1_001) } }, 'value_too_long'],
    [
      {
        phone: '09123456789',
        variables: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c${i}`, 'y'.repeat(1_000)])),
      },
      'value_too_long',
    ],
  ] as const)('%#: %s', (row, code) =>
    expect(judgeAll([row])).toMatchObject([{ outcome: 'rejected', error: { row: 2, code } }]),
  )
  test('a value that the message needs', () =>
    expect(judgeAll([{ phone: '09123456789', variables: { city: 'Yazd' } }], ['name'])).toMatchObject([
      { outcome: 'rejected', error: { row: 2, code: 'missing_variable' } },
    ]))
  test('no reason holds a number', () => {
    const judged = judgeAll([{ phone: '0912 345' }, { phone: '9.12E+09' }])
    expect(JSON.stringify(judged)).not.toMatch(/0912|9\.12/)
  })
})

test('1,000 characters are counted as people see them', () =>
  expect(judgeAll([{ phone: '09123456789', variables: { name: '😀'.repeat(1_000) } }])).toMatchObject([
    { outcome: 'accepted' },
  ]))
