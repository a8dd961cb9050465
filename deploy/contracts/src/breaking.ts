// What a reader of yesterday's shape would stumble over today.
import type { JsonSchema } from './schemas.ts'

type Family = Readonly<Record<string, JsonSchema>>

/** Says each change of a family of messages that breaks a reader; empty when there is none. */
export const breakingChanges = (before: Family, after: Family): readonly string[] =>
  Object.entries(before).flatMap(([name, schema]) => {
    const now = after[name]
    return now === undefined ? [`${name} is gone`] : changesOf(name, schema, now)
  })

const changesOf = (path: string, before: JsonSchema, after: JsonSchema): readonly string[] => [
  ...kindChanges(path, before, after),
  ...Object.entries(before.properties ?? {}).flatMap(([field, schema]) => {
    const now = after.properties?.[field]
    return now === undefined ? [`${path}.${field} is gone`] : changesOf(`${path}.${field}`, schema, now)
  }),
  ...(before.required ?? [])
    .filter((field) => after.properties?.[field] !== undefined && after.required?.includes(field) !== true)
    .map((field) => `${path}.${field} may be absent now`),
  ...(before.items === undefined || after.items === undefined
    ? []
    : changesOf(`${path}[]`, before.items, after.items)),
]

const kindOf = ({ type, const: only }: JsonSchema) => JSON.stringify([type, only])

/** A value that is added to a list is no break: readers ignore what they do not know. */
const kindChanges = (path: string, before: JsonSchema, after: JsonSchema): readonly string[] => {
  if (kindOf(before) !== kindOf(after)) return [`${path} is another type`]
  const gone = (before.enum ?? []).filter((value) => after.enum?.includes(value) !== true)
  return gone.map((value) => `${path} is never ${String(value)} any more`)
}
