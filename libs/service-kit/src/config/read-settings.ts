// The environment is read once and parsed here; a bad value stops the start and every bad key is named at once.
import { z } from 'zod'

export type Environment = Readonly<Record<string, string | undefined>>

export interface SettingFault {
  readonly key: string
  readonly message: string
}

/** Settings that are missing or wrong. The messages never hold a value. */
export class BadSettings extends Error {
  override readonly name = 'BadSettings'
  readonly faults: readonly SettingFault[]

  constructor(faults: readonly SettingFault[]) {
    super(`bad settings: ${faults.map((fault) => fault.key).join(', ')}`)
    this.faults = faults
  }
}

declare module 'zod' {
  interface GlobalMeta {
    /** The value is never shown. */
    secret?: boolean
    unit?: 'ms' | 'bytes'
  }
}

type Shape = Readonly<Record<string, z.core.$ZodType>>

const notesOf = (schema: z.core.$ZodType | undefined): z.core.GlobalMeta =>
  (schema === undefined ? undefined : z.globalRegistry.get(schema)) ?? {}

const keysOf = (schema: z.ZodObject): Shape => schema.shape

/** Parses the keys of the schema; an empty text counts as absent. */
export function readSettings<S extends z.ZodObject>(schema: S, environment: Environment): z.output<S> {
  const undocumented = Object.entries(keysOf(schema)).filter(
    ([, key]) => notesOf(key).description === undefined,
  )
  if (undocumented.length > 0)
    throw new TypeError(`settings without a sentence: ${undocumented.map(([key]) => key).join(', ')}`)
  const values = Object.fromEntries(
    Object.keys(schema.shape).flatMap((key) => {
      const value = environment[key]
      return value === undefined || value === '' ? [] : [[key, value]]
    }),
  )
  const result = schema.safeParse(values)
  if (result.success) return result.data
  throw new BadSettings(result.error.issues.map((issue) => faultOf(schema, values, issue)))
}

function faultOf(
  schema: z.ZodObject,
  values: Record<string, unknown>,
  issue: z.core.$ZodIssue,
): SettingFault {
  const key = String(issue.path[0] ?? '')
  const { description = '' } = notesOf(keysOf(schema)[key])
  const message = !(key in values) && issue.code !== 'custom' ? 'is missing' : issue.message
  return { key, message: description === '' ? message : `${message} (${description})` }
}

/** The effective values, secrets hidden, as `--print-config` shows them. */
export function describeSettings(schema: z.ZodObject, values: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(
    Object.entries(keysOf(schema)).map(([key, keySchema]) => [
      key,
      { value: shown(values[key], notesOf(keySchema)), about: notesOf(keySchema).description },
    ]),
  )
}

function shown(value: unknown, notes: z.core.GlobalMeta): unknown {
  if (value === undefined) return null
  if (notes.secret === true) return '[hidden]'
  if (typeof value === 'number' && notes.unit === 'ms') return `${value / 1_000}s`
  // An address may hold a password: esdb://admin:changeit@host
  if (typeof value === 'string') return value.replaceAll(/(:\/\/[^/@:\s]*):[^/@\s]*@/g, '$1:[hidden]@')
  return value
}
