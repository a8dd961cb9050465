// Values as people write them in an environment: durations, sizes, ports, addresses.
import { z } from 'zod'

const millisecondsPer = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const bytesPer = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const

const durationText = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)$/
const sizeText = /^(\d{1,15}(?:\.\d{1,3})?)\s?(B|KB|MB|GB|KiB|MiB|GiB)?$/

const isKeyOf = <T extends object>(table: T, key: string): key is string & keyof T =>
  Object.hasOwn(table, key)

/** Milliseconds of `30s`, `0.05s`, `250ms`, `15m`, `12h`, `7d`; undefined if it is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = ''] = durationText.exec(text) ?? []
  if (amount === undefined || !isKeyOf(millisecondsPer, unit)) return undefined
  return Number(amount) * millisecondsPer[unit]
}

/** Bytes of `512`, `20MB`, `64KiB`; undefined if it is no size. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ''] = sizeText.exec(text) ?? []
  if (amount === undefined || !isKeyOf(bytesPer, unit)) return undefined
  return Math.round(Number(amount) * bytesPer[unit])
}

const parsed = (parse: (text: string) => number | undefined, rule: string) =>
  z.string().transform((text, context) => {
    const value = parse(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: rule })
    return z.NEVER
  })

/** A duration, read as milliseconds. */
export const durationSchema = parsed(
  parseDuration,
  'must be a duration like 30s, 0.05s, 250ms, 15m, 12h or 7d',
).meta({
  unit: 'ms',
})

/** A size, read as bytes. */
export const sizeSchema = parsed(parseSize, 'must be a size like 512, 64KiB or 20MB').meta({ unit: 'bytes' })

/** A whole number in decimal digits. */
export const integerSchema = (range: { readonly min?: number; readonly max?: number } = {}) => {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = range
  const rule = `must be a whole number from ${min} to ${max}`
  return parsed((text) => {
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : NaN
    return value >= min && value <= max ? value : undefined
  }, rule)
}

/** A TCP port; 0 takes a free one. */
export const portSchema = integerSchema({ max: 65_535 })

/** `on` or `off` (also true/false, 1/0). */
export const switchSchema = z
  .enum(['on', 'off', 'true', 'false', '1', '0'], 'must be on or off')
  .transform((word) => word === 'on' || word === 'true' || word === '1')

/** One or more addresses, separated by commas, each with one of the schemes. */
export const addressSchema = (...schemes: readonly string[]) =>
  z
    .string()
    .refine(
      (text) =>
        text
          .split(',')
          .every((address) => schemes.some((scheme) => address.trim().startsWith(`${scheme}://`))),
      `must be an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    )
