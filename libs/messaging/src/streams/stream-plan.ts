// How a stream differs from its definition, and who may mend it.
import type { StreamConfig } from 'nats'

import { actualValue, serverValue, type WantedStream } from './stream-config.ts'

type Field = keyof WantedStream

export interface FieldDifference {
  readonly stream: string
  /** As in the definition; the values are the server's, ages in nanoseconds. */
  readonly field: Field
  readonly actual: string
  readonly wanted: string
  /** `drift` stops the start; `widen` the owner applies by itself; `narrow` only an operator applies. */
  readonly kind: 'drift' | 'widen' | 'narrow'
}

export interface StreamPlan {
  /** Names of streams that are not there; `KV_<bucket>` and `OBJ_<store>` stand for buckets and object stores. */
  readonly missing: readonly string[]
  readonly differences: readonly FieldDifference[]
}

/** Another value here is another stream: changing it would lose or refuse messages. */
const IDENTITY: readonly Field[] = ['retention', 'storage', 'discard']
/** More of these loses nothing; the value below 0, and 0 as an age, mean no limit. */
const LIMITS: readonly Field[] = ['maxAgeMs', 'maxBytes', 'maxMessageBytes', 'maxMessagesPerSubject']
/** Either value loses nothing. */
const HARMLESS: readonly Field[] = ['description', 'duplicateWindowMs', 'allowDirect']
/** Moves data between servers, or takes a promise back: an operator's decision. */
const OPERATORS: readonly Field[] = ['replicas', 'allowRollup', 'denyDelete']

/** Every difference of one stream. */
export function differencesOf(wanted: WantedStream, config: StreamConfig): readonly FieldDifference[] {
  const differing = (field: Field) => actualValue(config, field) !== serverValue(wanted, field)
  const difference = (field: Field, kind: FieldDifference['kind']): FieldDifference => ({
    stream: wanted.name,
    field,
    actual: JSON.stringify(actualValue(config, field)),
    wanted: JSON.stringify(serverValue(wanted, field)),
    kind,
  })
  const widens = (field: Field) => limit(serverValue(wanted, field)) > limit(actualValue(config, field))
  return [
    ...subjectDifference(wanted, config.subjects),
    ...IDENTITY.filter(differing).map((field) => difference(field, 'drift')),
    ...LIMITS.filter(differing).map((field) => difference(field, widens(field) ? 'widen' : 'narrow')),
    ...HARMLESS.filter(differing).map((field) => difference(field, 'widen')),
    ...OPERATORS.filter(differing).map((field) => difference(field, 'narrow')),
  ]
}

const limit = (value: unknown): number => {
  if (typeof value !== 'number') return 0
  return value <= 0 ? Infinity : value
}

/** New subjects widen; a subject that is no longer wanted is drift, since its messages would be refused. */
function subjectDifference(wanted: WantedStream, actual: readonly string[]): readonly FieldDifference[] {
  const gone = actual.filter((subject) => !wanted.subjects.includes(subject))
  const added = wanted.subjects.filter((subject) => !actual.includes(subject))
  if (gone.length === 0 && added.length === 0) return []
  const sorted = (subjects: readonly string[]) => JSON.stringify([...subjects].sort())
  return [
    {
      stream: wanted.name,
      field: 'subjects',
      actual: sorted(actual),
      wanted: sorted(wanted.subjects),
      kind: gone.length === 0 ? 'widen' : 'drift',
    },
  ]
}

/** The plan as lines for people: `+` is created, `!` stops the start, `~` is changed, `?` waits for an operator. */
export function formatPlan(plan: StreamPlan): string {
  const sign = { drift: '!', widen: '~', narrow: '?' } as const
  return [
    ...plan.missing.map((name) => `+ ${name}`),
    ...plan.differences.map(
      ({ stream, field, actual, wanted, kind }) => `${sign[kind]} ${stream}.${field}: ${actual} -> ${wanted}`,
    ),
  ].join('\n')
}
