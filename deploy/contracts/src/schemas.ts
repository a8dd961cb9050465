// The shapes that others rely on, as JSON Schemas made from the schemas that we check with ourselves.
import {
  campaignEventSchema,
  liveDataSchemas,
  liveMessageTypes,
  outcomeEventSchema,
  sessionEventSchema,
} from '@peyk/contracts'
import { z } from 'zod'

/** The part of JSON Schema that zod writes and we look into. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly [other: string]: unknown
}

/** As a reader sees it: fields that it does not know may be there. */
const jsonSchemaOf = (schema: z.ZodType): JsonSchema =>
  Object.fromEntries(
    Object.entries(z.toJSONSchema(schema, { io: 'input' })).filter(([key]) => key !== '$schema'),
  )

/** The schema of an object with only some of its fields. */
const keep = (schema: JsonSchema, isKept: (field: string) => boolean): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([field]) => isKept(field))),
  required: (schema.required ?? []).filter(isKept),
})

const PUBLIC_OUTCOME = ['position', 'ref', 'state', 'reason', 'at']

/** As the relay publishes them: no key and no text; of outcomes what concerns their reader. */
const publicCampaignData = (data: JsonSchema): JsonSchema =>
  keep(data, (field) => !['runKey', 'key', 'message'].includes(field))

const publicOutcomeData = (data: JsonSchema): JsonSchema => {
  const { outcomes, ...others } = data.properties ?? {}
  const shown = (field: string) => !['epoch', 'toSeq'].includes(field)
  if (outcomes?.items === undefined) return keep(data, shown)
  const items = keep(outcomes.items, (field) => PUBLIC_OUTCOME.includes(field))
  return keep({ ...data, properties: { outcomes: { ...outcomes, items }, ...others } }, shown)
}

/** What stays inside: it says how work is cut into pieces. */
const INTERNAL = ['RecipientsDispatched']

const eventsOf = (
  family: { readonly options: readonly z.ZodType[] },
  publicData: (data: JsonSchema) => JsonSchema,
): readonly [string, JsonSchema][] =>
  family.options.flatMap((option): [string, JsonSchema][] => {
    const { type, data } = jsonSchemaOf(option).properties ?? {}
    const name = String(type?.const)
    return data === undefined || INTERNAL.includes(name) ? [] : [[name, publicData(data)]]
  })

/** The data of each event on EVENTS, by its type. */
export const eventSchemas = {
  campaign: Object.fromEntries([
    ...eventsOf(campaignEventSchema, publicCampaignData),
    ...eventsOf(outcomeEventSchema, publicOutcomeData),
  ]),
  session: Object.fromEntries(eventsOf(sessionEventSchema, (data) => data)),
}

/** The data of each message of the live feed. */
export const liveSchemas: Readonly<Record<string, JsonSchema>> = Object.fromEntries(
  liveMessageTypes.map((type) => [type, jsonSchemaOf(liveDataSchemas[type])]),
)
