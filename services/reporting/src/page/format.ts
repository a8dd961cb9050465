// Numbers and dates as the readers of a language write them: in Persian with Persian digits and Jalali dates.
import type { Language } from './words.ts'

export interface Format {
  readonly direction: 'rtl' | 'ltr'
  readonly number: (value: number) => string
  readonly share: (value: number) => string
  readonly instant: (iso: string) => string
  readonly shortInstant: (ms: number) => string
}

const locales: Readonly<Record<Language, string>> = { fa: 'fa-IR-u-ca-persian', en: 'en-GB' }

const formatIn = (language: Language): Format => {
  const locale = locales[language]
  const timeZone = 'Asia/Tehran'
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  const instant = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: 'long', timeStyle: 'short' })
  const short = new Intl.DateTimeFormat(locale, {
    timeZone,
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  })
  return {
    direction: language === 'fa' ? 'rtl' : 'ltr',
    number: (value) => number.format(value),
    share: (value) => share.format(value),
    instant: (iso) => instant.format(new Date(iso)),
    shortInstant: (ms) => short.format(ms),
  }
}

export const formats: Readonly<Record<Language, Format>> = { fa: formatIn('fa'), en: formatIn('en') }
