// Months as people see them on a wall: Jalali ones that begin their weeks with Saturday, or Gregorian ones with Monday.
// A day is its number since 1970-01-01, wherever on earth it is.
import type { Language } from '../i18n/language.ts'

export type Day = number

export interface Month {
  readonly first: Day
  readonly length: number
}

export interface Calendar {
  /** The month that a day is in. */
  monthOf(day: Day): Month
  /** The same day of another month, or that month's last one. */
  addMonths(day: Day, months: number): Day
  /** From 0: which day of its week. */
  columnOf(day: Day): number
}

const DAY_MS = 86_400_000
const MAX_MONTH = 32
const WEEK = 7
/** 1970-01-01 was a Thursday: five days after a Saturday, three after a Monday. */
const offsets: Record<Language, number> = { fa: 5, en: 3 }
const FRIDAY = 6
/** Nobody works until the picnic of the thirteenth. */
const NOWRUZ_DAYS = 13

const partsOf = (calendar: 'persian' | 'gregory') => {
  const format = new Intl.DateTimeFormat(`en-u-ca-${calendar}-nu-latn`, {
    timeZone: 'UTC',
    month: 'numeric',
    day: 'numeric',
  })
  return (day: Day): { readonly month: number; readonly day: number } => {
    const parts = format.formatToParts(day * DAY_MS)
    const part = (name: 'month' | 'day') => Number(parts.find(({ type }) => type === name)?.value)
    return { month: part('month'), day: part('day') }
  }
}

const jalali = partsOf('persian')
const gregorian = partsOf('gregory')

export const calendarOf = (language: Language): Calendar => {
  const parts = language === 'fa' ? jalali : gregorian
  const monthOf = (day: Day): Month => {
    const first = day - parts(day).day + 1
    let length = MAX_MONTH
    while (parts(first + length - 1).month !== parts(first).month) length -= 1
    return { first, length }
  }
  return {
    monthOf,
    addMonths: (day, months) => {
      const within = parts(day).day
      let month = monthOf(day)
      for (let left = Math.abs(months); left > 0; left -= 1)
        month = monthOf(months > 0 ? month.first + month.length : month.first - 1)
      return month.first + Math.min(within, month.length) - 1
    },
    columnOf: (day) => (((day + offsets[language]) % WEEK) + WEEK) % WEEK,
  }
}

/** Days on which few people want messages: Fridays, and the holidays of Nowruz. */
export const quietReasonOf = (day: Day): 'friday' | 'nowruz' | undefined => {
  const { month, day: within } = jalali(day)
  if (month === 1 && within <= NOWRUZ_DAYS) return 'nowruz'
  return calendarOf('fa').columnOf(day) === FRIDAY ? 'friday' : undefined
}

/** The first day from this one on that is not quiet. */
export const busyDayFrom = (day: Day): Day => {
  let busy = day
  while (quietReasonOf(busy) !== undefined) busy += 1
  return busy
}

/** `2026-03-21` */
export const isoOf = (day: Day): string => new Date(day * DAY_MS).toISOString().slice(0, 10)
export const dayOf = (iso: string): Day => Date.parse(iso) / DAY_MS
