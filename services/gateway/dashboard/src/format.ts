// The one place where numbers, dates, spans of time and phone numbers become text.
import type { Day } from './calendar/calendar.ts'
import type { Language } from './i18n/language.ts'

export interface Format {
  number(value: number): string
  percent(share: number): string
  /** `today`, `tomorrow` or the date, with the time: `فردا ۱۱:۲۰`. */
  moment(at: Date | string, now?: Date): string
  date(at: Date | string): string
  time(at: Date | string): string
  /** The day and the month alone, for the foot of a chart. */
  day(at: Date | string): string
  /** How large a file is: `1.2 MB`. */
  size(bytes: number): string
  /** The two largest units: `14 hours 20 minutes`. */
  duration(seconds: number): string
  /** Digits of the language; the rest stays. */
  digits(text: string): string
  /** What was typed as a number, in digits of either language; not a number for anything else. */
  typed(text: string): number
  /** A phone number of which the middle is hidden. */
  masked(phone: string): string
  /** The name of the month that a day is in, with its year. */
  month(day: Day): string
  /** A day in full, with the day of its week. */
  weekday(day: Day): string
  /** The letter or two of the day of the week, and its name. */
  weekdayNames(day: Day): readonly [short: string, long: string]
  /** Which day of its month. */
  dayOfMonth(day: Day): string
  /** A time of the day: `10:05`. */
  clock(hour: number, minute: number): string
  /** A moment by the clocks of a time zone, with the day of its week. */
  momentIn(at: string, timeZone: string): string
  /** `Iran Time` for `Asia/Tehran`. */
  zone(timeZone: string): string
}

/** What the clocks of a time zone show. */
export interface WallTime {
  /** `2026-03-21` */
  readonly date: string
  readonly hour: number
  readonly minute: number
}

export const wallTimeIn = (timeZone: string, at: Date | string): WallTime => {
  const text = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone }).format(
    new Date(at),
  )
  const [date = '', time = ''] = text.split(' ')
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  return { date, hour, minute }
}

/** Where this browser is. */
export const ownTimeZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

/** Jalali dates and Persian digits, or Gregorian and Latin ones. */
const locales: Record<Language, string> = { fa: 'fa-IR-u-ca-persian-nu-arabext', en: 'en-GB' }

const PERSIAN_ZERO = 0x06f0
const DAY_MS = 86_400_000
const units = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
] as const

/** Made when it is first asked for: what a screen does not write costs its first picture nothing. */
const once = <Value>(make: () => Value): (() => Value) => {
  let made: Value | undefined
  return () => (made ??= make())
}

/** `timeZone`: the browser's own when absent. */
export const createFormat = (language: Language, timeZone?: string): Format => {
  const locale = locales[language]
  const zone = timeZone === undefined ? {} : { timeZone }
  const number = once(() => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }))
  const percent = once(() => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }))
  const dateFormat = (options: Intl.DateTimeFormatOptions) =>
    once(() => new Intl.DateTimeFormat(locale, { ...options, ...zone }))
  const date = dateFormat({ dateStyle: 'long' })
  const time = dateFormat({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const shortDay = dateFormat({ day: 'numeric', month: 'short' })
  const dayKey = once(() => new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', ...zone }))
  const relative = once(() => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }))
  const list = once(() => new Intl.ListFormat(locale, { type: 'unit', style: 'long' }))
  const named = byUnit(locale)
  const ofDay = (options: Intl.DateTimeFormatOptions) => {
    const format = once(() => new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' }))
    return (at: Day) => format().format(at * DAY_MS)
  }
  const [narrowWeekday, longWeekday] = [ofDay({ weekday: 'narrow' }), ofDay({ weekday: 'long' })]
  const longDate = once(() => new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }))
  const digits = (text: string) =>
    language === 'fa'
      ? text.replace(/\d/g, (digit) => String.fromCharCode(PERSIAN_ZERO + Number(digit)))
      : text

  const day = (at: Date, now: Date): string => {
    const days = Math.round((Date.parse(dayKey().format(at)) - Date.parse(dayKey().format(now))) / DAY_MS)
    return Math.abs(days) <= 1 ? relative().format(days, 'day') : date().format(at)
  }
  return {
    number: (value) => number().format(value),
    percent: (share) => percent().format(share),
    moment: (at, now = new Date()) => `${day(new Date(at), now)} ${time().format(new Date(at))}`,
    date: (at) => date().format(new Date(at)),
    time: (at) => time().format(new Date(at)),
    day: (at) => shortDay().format(new Date(at)),
    size: (bytes) => sizeOf(locale, bytes),
    duration: (seconds) => list().format(partsOf(seconds).map(({ unit, count }) => named(unit, count))),
    digits,
    typed,
    month: (at) =>
      longDate()
        .formatToParts(at * DAY_MS)
        .flatMap(({ type, value }) => (type === 'month' || type === 'year' ? value : []))
        .join(' '),
    weekday: (at) => `${longWeekday(at)} ${longDate().format(at * DAY_MS)}`,
    weekdayNames: (at) => [narrowWeekday(at), longWeekday(at)],
    dayOfMonth: ofDay({ day: 'numeric' }),
    clock: (hour, minute) => digits([hour, minute].map((part) => String(part).padStart(2, '0')).join(':')),
    momentIn: (at, zoneOfMoment) => momentIn(locale, at, zoneOfMoment),
    zone: (timeZone) => zoneNameOf(locale, timeZone),
    masked: (phone) => digits(phone.length < 8 ? phone : `${phone.slice(0, -6)}•••${phone.slice(-3)}`),
  }
}

/** `۱٬۲۰۰` and `1,200` are the same number, `۲٫۵` and `2.5` too. */
const typed = (text: string): number => {
  const latin = text
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - PERSIAN_ZERO))
    .replace(/[٬,\s]/g, '')
    .replace('٫', '.')
  return latin === '' ? Number.NaN : Number(latin)
}

const momentIn = (locale: string, at: string, timeZone: string): string =>
  (
    [
      { weekday: 'long' },
      { dateStyle: 'long' },
      { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
    ] as const
  )
    .map((options) => new Intl.DateTimeFormat(locale, { ...options, timeZone }).format(new Date(at)))
    .join(' ')

const zoneNameOf = (locale: string, timeZone: string): string =>
  new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'longGeneric' })
    .formatToParts()
    .find(({ type }) => type === 'timeZoneName')?.value ?? timeZone

type Unit = (typeof units)[number]['unit']

const byUnit = (locale: string) => {
  const formats = new Map<Unit, Intl.NumberFormat>()
  return (unit: Unit, count: number): string => {
    const known = formats.get(unit)
    const format = known ?? new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' })
    if (known === undefined) formats.set(unit, format)
    return format.format(count)
  }
}

const sizeOf = (locale: string, bytes: number): string => {
  const isLarge = bytes >= 1_000_000
  const unit = isLarge ? 'megabyte' : 'kilobyte'
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    // The short Persian form is `MB`, which nobody reads in a Persian sentence.
    unitDisplay: locale === locales.fa ? 'long' : 'short',
    maximumFractionDigits: isLarge ? 1 : 0,
  }).format(bytes / (isLarge ? 1_000_000 : 1_000))
}

/** The largest unit that fits, and what is left in the next smaller one. */
const partsOf = (seconds: number): readonly { readonly unit: Unit; readonly count: number }[] => {
  const whole = Math.max(0, Math.round(seconds))
  const index = units.findIndex((unit) => whole >= unit.seconds)
  const large = units[index] ?? units[3]
  const small = units[index + 1]
  const count = Math.floor(whole / large.seconds)
  const rest = small === undefined ? 0 : Math.floor((whole % large.seconds) / small.seconds)
  return [
    { unit: large.unit, count },
    ...(small === undefined || rest === 0 ? [] : [{ unit: small.unit, count: rest }]),
  ]
}
