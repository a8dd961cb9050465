import { describe, expect, test } from '@jest/globals'

import { createFormat } from './format.ts'

const fa = createFormat('fa', 'Asia/Tehran')
const en = createFormat('en', 'Europe/Berlin')
const now = new Date('2026-03-20T12:00:00Z')
/** Non-breaking blanks and direction marks differ between versions of ICU. */
const plain = (text: string) => text.replace(/[\u200e\u200f\u061c]/g, '').replace(/\s/g, ' ')

describe('Persian', () => {
  test('digits and groups', () => expect(fa.number(12_345)).toBe('۱۲٬۳۴۵'))
  test('a Jalali date: the eve of Nowruz and Nowruz', () => {
    expect(plain(fa.date('2026-03-20T12:00:00Z'))).toBe('۲۹ اسفند ۱۴۰۴')
    expect(plain(fa.date('2026-03-21T12:00:00Z'))).toBe('۱ فروردین ۱۴۰۵')
  })
  test('tomorrow, by the clock of Tehran', () =>
    expect(plain(fa.moment('2026-03-20T21:00:00Z', now))).toBe('فردا ۰۰:۳۰'))
  test('a span of time has its two largest units', () =>
    expect(plain(fa.duration(14 * 3_600 + 20 * 60 + 5))).toMatch(/^۱۴ ساعت.* ۲۰ دقیقه$/))
  test('the middle of a number is hidden', () => expect(fa.masked('09123456789')).toBe('۰۹۱۲۳•••۷۸۹'))
})

describe('English', () => {
  test('digits and groups', () => expect(en.number(12_345)).toBe('12,345'))
  test('a Gregorian date', () => expect(en.date('2026-03-20T12:00:00Z')).toBe('20 March 2026'))
  test('today, by the clock of Berlin', () =>
    expect(plain(en.moment('2026-03-20T22:30:00Z', now))).toBe('today 23:30'))
  test('one and many', () => {
    expect(plain(en.duration(3_600))).toBe('1 hour')
    expect(plain(en.duration(2 * 86_400 + 3_600))).toBe('2 days, 1 hour')
    expect(plain(en.duration(0))).toBe('0 seconds')
  })
  test('a short number is shown whole', () => expect(en.masked('1234567')).toBe('1234567'))
})

describe('what was typed', () => {
  test.each([
    ['۱٬۲۰۰', 1_200],
    ['1,200', 1_200],
    ['۲٫۵', 2.5],
    [' 7 ', 7],
  ])('%s is a number', (text, number) => expect(fa.typed(text)).toBe(number))
  test.each(['', 'ده', '1o'])('%p is not', (text) => expect(fa.typed(text)).toBeNaN())
})

test('sizes of files', () => {
  expect(plain(en.size(1_234_567))).toBe('1.2 MB')
  expect(plain(fa.size(12_000))).toBe('۱۲ کیلوبایت')
})
