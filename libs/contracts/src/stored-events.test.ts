import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'

import { campaignEventSchema } from './campaign-events.ts'
import { outcomeEventSchema } from './outcome-events.ts'
import { recipientsChunkStoredSchema } from './recipient-events.ts'
import { sessionEventSchema } from './session-events.ts'
import samples from './stored-event-samples.json' with { type: 'json' }
import {
  eventReader,
  readCampaignEvent,
  readOutcomeEvent,
  readRecipientsChunk,
  readSessionEvent,
  type StoredEvent,
  UnknownEvent,
} from './stored-events.ts'

interface Sample extends StoredEvent {
  readonly version: number
}

/** The samples are what releases have stored. They are only added to: a changed or removed one hides a lost event. */
const families: readonly {
  readonly family: string
  readonly samples: readonly Sample[]
  readonly read: (stored: StoredEvent) => unknown
  readonly schemas: readonly z.ZodObject[]
}[] = [
  {
    family: 'campaign',
    samples: samples.campaign,
    read: readCampaignEvent,
    schemas: campaignEventSchema.options,
  },
  {
    family: 'session',
    samples: samples.session,
    read: readSessionEvent,
    schemas: sessionEventSchema.options,
  },
  {
    family: 'recipients',
    samples: samples.recipients,
    read: readRecipientsChunk,
    schemas: [recipientsChunkStoredSchema],
  },
  {
    family: 'outcomes',
    samples: samples.outcomes,
    read: readOutcomeEvent,
    schemas: outcomeEventSchema.options,
  },
]

const typeNameOf = (schema: unknown): string =>
  z.string().parse(schema instanceof z.ZodLiteral ? schema.value : schema)

/** The names of an object's fields, or of a schema's, inner ones too; those that are data (`variables`) count as one. */
function fieldsOf(value: unknown, path = ''): string[] {
  if (value instanceof z.ZodOptional || value instanceof z.ZodArray) return fieldsOf(value.unwrap(), path)

  if (value instanceof z.ZodObject) return fieldsOf(value.shape, path)
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => fieldsOf(item, path)))]
  if (typeof value !== 'object' || value === null || value instanceof z.ZodType)
    return path === '' ? [] : [path]
  if (path.endsWith('.variables')) return [path]
  return Object.entries(value).flatMap(([name, inner]) => fieldsOf(inner, `${path}.${name}`))
}

describe.each(families)('the stored events of $family', ({ samples: stored, read, schemas }) => {
  test.each(stored.map((sample) => [sample.type, sample.version, sample] as const))(
    '%s, version %d, is read, and nothing of it is lost',
    (type, _version, { data }) => {
      expect(read({ type, data })).toEqual({ type, data })
    },
  )

  test.each(schemas.map(({ shape }) => [typeNameOf(shape['type']), shape['data']] as const))(
    '%s has samples that show each of its fields',
    (type, data) => {
      const shown = stored.filter((sample) => sample.type === type)
      expect(shown).not.toHaveLength(0)
      const fields = new Set(shown.flatMap((sample) => fieldsOf(sample.data)))
      expect([...fields].sort()).toEqual(fieldsOf(data).sort())
    },
  )
})

describe('an event of an older shape', () => {
  const read = eventReader(z.object({ type: z.literal('RoomBooked'), data: z.object({ nights: z.int() }) }), {
    RoomReserved: ({ data }) => ({
      type: 'RoomBooked',
      data: { nights: z.object({ days: z.int() }).parse(data).days - 1 },
    }),
  })

  test("comes in today's words", () => {
    expect(read({ type: 'RoomReserved', data: { days: 3 } })).toEqual({
      type: 'RoomBooked',
      data: { nights: 2 },
    })
  })

  test("in today's shape is left as it is", () => {
    expect(read({ type: 'RoomBooked', data: { nights: 4 } })).toEqual({
      type: 'RoomBooked',
      data: { nights: 4 },
    })
  })

  test('and a type that nobody knows is refused', () => {
    expect(() => read({ type: 'RoomPainted', data: {} })).toThrow(UnknownEvent)
    expect(() => read({ type: 'constructor', data: {} })).toThrow(UnknownEvent)
  })
})
