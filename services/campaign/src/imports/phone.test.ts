import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { parsePhone } from './phone.ts'

const parse = (text: string) => parsePhone(text, 'IR')
const digits = (text: string) => {
  const parsed = parse(text)
  return parsed.outcome === 'valid' ? parsed.phone : parsed.code
}

describe('spellings of one Iranian mobile', () => {
  test.each([
    '09123456789',
    '9123456789',
    '+989123456789',
    '00989123456789',
    '989123456789',
    '0912 345 6789',
    '0912-345-67-89',
    '(0912) 345.6789',
    '+98 (0) 912 345 6789',
    '+98 0912 345 6789',
    '۰۹۱۲۳۴۵۶۷۸۹',
    '٠٩١٢٣٤٥٦٧٨٩',
    '+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹',
    '\u200e+98 912 345 6789\u200f',
    '\u202a09123456789\u202c',
    '\u00a00912\u00a0345\u00a06789\u00a0',
    '０９１２３４５６７８９',
    '0912–345–6789',
    '\ufeff09123456789',
    '="09123456789"',
    "'09123456789",
    '9123456789.0',
  ])('%j', (text) => expect(digits(text)).toBe('989123456789'))
})

describe('numbers of other countries', () => {
  test.each([
    ['+49 (0)1512 3456789', '4915123456789'],
    ['00447911123456', '447911123456'],
    ['447911123456', '447911123456'],
    ['+1 415 555 2671', '14155552671'],
    ['02188776655', '982188776655'],
  ])('%s', (text, phone) => expect(digits(text)).toBe(phone))

  test('without a country code they are from the country of the settings', () =>
    expect(parsePhone('07911 123456', 'GB')).toEqual({
      outcome: 'valid',
      phone: '447911123456',
      spelling: '07911 123456',
    }))
  test('an Iranian number keeps its code there', () =>
    expect(parsePhone('+98 912 345 6789', 'GB')).toMatchObject({ phone: '989123456789' }))
})

describe('what is no number', () => {
  test.each(['', '   ', '\u200e', "'"])('%j is missing', (text) => expect(digits(text)).toBe('missing_phone'))
  test.each(['9.12E+09', '9.12346E+11', '9,12e9', '۹٫۱۲E+۰۹', '9.8e+25'])('%s has lost digits', (text) =>
    expect(digits(text)).toBe('lost_digits'),
  )
  test.each([
    'علی',
    '0912345678',
    '091234567890',
    '912',
    '0912 345 6789 / 0935 111 2233',
    '09123456789a',
    '+',
    '()',
    '110',
    '1'.repeat(500),
    '0912345678٫9',
  ])('%s is invalid', (text) => expect(digits(text)).toBe('invalid_phone'))
})

test('the spelling is what was written, in Latin digits and without invisible marks', () =>
  expect(parse('\u202a ۰۹۱۲  ۳۴۵-۶۷۸۹\u202c')).toMatchObject({ spelling: '0912 345-6789' }))

test('any text gets an answer, and a valid number is E.164', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[+۰-۹0-9 ()-]{5,18}$/u)), (text) => {
      const parsed = parse(text)
      if (parsed.outcome === 'valid') expect(parsed.phone).toMatch(/^[1-9]\d{6,14}$/)
    }),
  )
})
