import { describe, expect, test } from '@jest/globals'

import { busyDayFrom, calendarOf, dayOf, isoOf, quietReasonOf } from './calendar.ts'

const fa = calendarOf('fa')
const en = calendarOf('en')

describe('a Jalali month', () => {
  test('of spring has 31 days and begins with the first of Farvardin', () => {
    const { first, length } = fa.monthOf(dayOf('2026-04-10'))
    expect([isoOf(first), length]).toEqual(['2026-03-21', 31])
  })
  test.each([
    ['2025-03-01', 30],
    ['2026-03-01', 29],
  ])('Esfand of the winter of %s has %d days', (iso, days) =>
    expect(fa.monthOf(dayOf(iso)).length).toBe(days),
  )
  test('begins its weeks with Saturday', () => {
    expect(fa.columnOf(dayOf('2026-03-21'))).toBe(0)
    expect(fa.columnOf(dayOf('2026-03-20'))).toBe(6)
  })
  test('a month on from the 31st is the last day of a shorter month', () =>
    expect(isoOf(fa.addMonths(dayOf('2026-09-22'), 1))).toBe('2026-10-22'))
})

describe('a Gregorian month', () => {
  test('of February', () => expect(en.monthOf(dayOf('2028-02-11')).length).toBe(29))
  test('begins its weeks with Monday, also before 1970', () => {
    expect(en.columnOf(dayOf('2026-03-23'))).toBe(0)
    expect(en.columnOf(dayOf('1969-12-29'))).toBe(0)
  })
  test('a year back', () => expect(isoOf(en.addMonths(dayOf('2026-03-31'), -13))).toBe('2025-02-28'))
})

describe('quiet days', () => {
  test.each([
    ['2026-03-21', 'nowruz'],
    ['2026-04-02', 'nowruz'],
    ['2026-04-03', 'friday'],
    ['2026-04-04', undefined],
  ])('%s: %s', (iso, reason) => expect(quietReasonOf(dayOf(iso))).toBe(reason))
  test('the first busy day after Nowruz of 1405 is the Saturday', () =>
    expect(isoOf(busyDayFrom(dayOf('2026-03-22')))).toBe('2026-04-04'))
})
