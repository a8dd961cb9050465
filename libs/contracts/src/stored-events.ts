// Reading what the event store holds: each family of streams has one reader, which refuses what it does not know.
import { z } from 'zod'

import { campaignEventSchema, type CampaignEvent } from './campaign-events.ts'
import { outcomeEventSchema, type OutcomeEvent } from './outcome-events.ts'
import { recipientsChunkStoredSchema, type RecipientsChunkStored } from './recipient-events.ts'
import { sessionEventSchema, type SessionEvent } from './session-events.ts'

/** An event of a type or shape that this release does not know: written by a newer one, or damaged. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent'
  readonly eventType: string
  constructor(eventType: string, cause: unknown) {
    super(`cannot read an event of type ${eventType}`, { cause })
    this.eventType = eventType
  }
}

/** What the event store returns, as far as a reader cares. */
export interface StoredEvent {
  readonly type: string
  readonly data: unknown
}

const reader =
  <Event>(schema: z.ZodType<Event>) =>
  ({ type, data }: StoredEvent): Event => {
    const parsed = schema.safeParse({ type, data })
    if (!parsed.success) throw new UnknownEvent(type, parsed.error)
    return parsed.data
  }

export const readCampaignEvent: (stored: StoredEvent) => CampaignEvent = reader(campaignEventSchema)
export const readSessionEvent: (stored: StoredEvent) => SessionEvent = reader(sessionEventSchema)
export const readOutcomeEvent: (stored: StoredEvent) => OutcomeEvent = reader(outcomeEventSchema)
export const readRecipientsChunk: (stored: StoredEvent) => RecipientsChunkStored =
  reader(recipientsChunkStoredSchema)
