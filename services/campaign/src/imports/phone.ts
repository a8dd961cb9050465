// Phone numbers as people write them, to one form: the digits of E.164.
import { type Phone, phoneSchema } from '@peyk/contracts'
import { type CountryCode, parsePhoneNumberFromString, type PhoneNumber } from 'libphonenumber-js/max'

export type ParsedPhone =
  | {
      readonly outcome: 'valid'
      readonly phone: Phone
      /** What was written, in Latin digits and without marks that nobody sees. */
      readonly spelling: string
    }
  | { readonly outcome: 'refused'; readonly code: 'missing_phone' | 'invalid_phone' | 'lost_digits' }

const MAX_SPELLING = 40

const invisible = /[\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu
const dashes = /[\u2010-\u2015\u2212]/gu
/** What Excel writes when a cell is narrow: the digits behind are gone. */
const scientific = /^[+-]?\d+(?:[.,٫]\d+)?e\+?-?\d+$/iu
const wholeNumber = /^(\d+)\.0+$/u
/** `="0912..."` and `'0912...`: how spreadsheets are told that digits are text. */
const textMark = /^(?:="(.*)"|'(.*))$/u
const allowed = /^\+?[\d\s().\-/]+$/u

const ZEROS = ['۰', '٠'].map((zero) => zero.codePointAt(0) ?? 0)

/** Persian and Arabic digits as Latin ones. */
const latinDigits = (text: string): string =>
  text.replace(/[۰-۹٠-٩]/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0
    return String(code - (ZEROS.find((zero) => code - zero >= 0 && code - zero < 10) ?? code))
  })

const cleaned = (text: string): string => {
  const plain = latinDigits(text.normalize('NFKC').replace(invisible, '').replace(dashes, '-'))
    .replace(/\s+/gu, ' ')
    .trim()
  const marked = textMark.exec(plain)
  return (marked?.[1] ?? marked?.[2] ?? plain).trim().replace(wholeNumber, '$1')
}

/** New ranges of Iranian mobiles are opened faster than the tables learn of them: 9 and nine digits is one. */
const iranianMobile = /^(?:\+|00)980?(9\d{9})$/
const iranianMobileAtHome = /^(?:98)?0?(9\d{9})$/

const refused = (code: 'missing_phone' | 'invalid_phone' | 'lost_digits'): ParsedPhone => ({
  outcome: 'refused',
  code,
})

/** Reads one number; `country` is where numbers without a country code are from. */
export const parsePhone = (text: string, country: CountryCode): ParsedPhone => {
  const spelling = cleaned(text)
  if (spelling === '') return refused('missing_phone')
  if (scientific.test(spelling)) return refused('lost_digits')
  if (spelling.length > MAX_SPELLING || !allowed.test(spelling)) return refused('invalid_phone')
  const dialled = (spelling.startsWith('+') ? '+' : '') + spelling.replace(/\D/g, '')
  const digits = iranianDigits(dialled, country) ?? internationalDigits(dialled, country)
  const phone = phoneSchema.safeParse(digits)
  return phone.success ? { outcome: 'valid', phone: phone.data, spelling } : refused('invalid_phone')
}

const iranianDigits = (dialled: string, country: CountryCode): string | undefined => {
  const national =
    iranianMobile.exec(dialled) ?? (country === 'IR' ? iranianMobileAtHome.exec(dialled) : null)
  return national?.[1] === undefined ? undefined : `98${national[1]}`
}

const internationalDigits = (dialled: string, country: CountryCode): string | undefined => {
  const number = parsePhoneNumberFromString(dialled.replace(/^00/, '+'), country)
  if (isReachable(number)) return number.number.slice(1)
  if (dialled.startsWith('+') || dialled.startsWith('0')) return undefined
  const withCountry = parsePhoneNumberFromString(`+${dialled}`)
  return isReachable(withCountry) ? withCountry.number.slice(1) : undefined
}

const reachable = ['MOBILE', 'FIXED_LINE_OR_MOBILE', 'FIXED_LINE', 'VOIP', 'PERSONAL_NUMBER'] as const

/** A number that a person may have WhatsApp on: no short codes, no premium lines. */
const isReachable = (number: PhoneNumber | undefined): number is PhoneNumber => {
  const type = number?.isValid() === true ? number.getType() : undefined
  return reachable.some((each) => each === type)
}
