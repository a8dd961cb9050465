// Which rows of a list become recipients, and why the others do not.
import { characterCount, type Phone, type Recipient, type RowError } from '@peyk/contracts'
import type { CountryCode } from 'libphonenumber-js/max'

import type { ImportRow } from './columns.ts'
import { parsePhone } from './phone.ts'

export type Judgement =
  | { readonly outcome: 'accepted'; readonly recipient: Recipient }
  | { readonly outcome: 'duplicate' }
  | { readonly outcome: 'rejected'; readonly error: RowError }

export interface RowRules {
  /** Where numbers without a country code are from. */
  readonly country: CountryCode
  /** The variables that the message cannot do without. */
  readonly required: readonly string[]
}

const MAX_VALUE_CHARACTERS = 1_000
/** A row goes into one job with room to spare. */
const MAX_ROW_BYTES = 32 * 1024

const messages: Record<RowError['code'], string> = {
  missing_phone: 'the row has no phone number',
  invalid_phone: 'this is not a valid phone number',
  lost_digits: 'the spreadsheet has lost digits of the number: format the column as text and enter it again',
  value_too_long: `a value has at most ${MAX_VALUE_CHARACTERS} characters, a row at most ${MAX_ROW_BYTES} bytes`,
  missing_variable: 'a value that the message needs is missing',
}

/** Judges one row after the other; `seen` holds the numbers that are in the list already. */
export const createJudge = ({ country, required }: RowRules, seen: Set<Phone>) => {
  const faultOf = ({ variables }: ImportRow): Pick<RowError, 'code' | 'message'> | undefined => {
    if (isTooLong(variables)) return { code: 'value_too_long', message: messages.value_too_long }
    const missing = required.find((name) => !Object.hasOwn(variables, name))
    if (missing === undefined) return undefined
    return { code: 'missing_variable', message: `${messages.missing_variable}: ${missing}` }
  }

  return (row: ImportRow): Judgement => {
    const parsed = parsePhone(row.phone, country)
    const fault =
      parsed.outcome === 'refused' ? { code: parsed.code, message: messages[parsed.code] } : faultOf(row)
    if (fault !== undefined || parsed.outcome === 'refused')
      return { outcome: 'rejected', error: { row: row.row, code: 'invalid_phone', message: '', ...fault } }
    if (seen.has(parsed.phone)) return { outcome: 'duplicate' }
    seen.add(parsed.phone)
    return { outcome: 'accepted', recipient: recipientOf(row, parsed) }
  }
}

const isTooLong = (variables: ImportRow['variables']): boolean => {
  const values = Object.values(variables)
  return (
    values.some(
      (value) => value.length > MAX_VALUE_CHARACTERS && characterCount(value) > MAX_VALUE_CHARACTERS,
    ) || Buffer.byteLength(JSON.stringify(variables)) > MAX_ROW_BYTES
  )
}

const recipientOf = (
  { variables }: ImportRow,
  { phone, spelling }: { phone: Phone; spelling: string },
): Recipient => {
  const ref = variables['ref']
  return { phone, spelling, variables, ...(ref === undefined ? {} : { ref }) }
}
