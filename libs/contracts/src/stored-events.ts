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

/**
 * By the type under which older releases stored an event: what it says in today's words. A shape that cannot be
 * changed by adding alone gets a new type name, and its old one an entry here.
 */
export type UpCasters = Readonly<Record<string, (stored: StoredEvent) => StoredEvent>>

/** Reads the events of one family in the newest shape, whatever release stored them. */
export const eventReader =
  <Event>(schema: z.ZodType<Event>, upCasters: UpCasters = {}) =>
  (stored: StoredEvent): Event => {
    const { type, data } = Object.hasOwn(upCasters, stored.type)
      ? (upCasters[stored.type]?.(stored) ?? stored)
      : stored
    const parsed = schema.safeParse({ type, data })
    if (!parsed.success) throw new UnknownEvent(stored.type, parsed.error)
    return parsed.data
  }

export const readCampaignEvent: (stored: StoredEvent) => CampaignEvent = eventReader(campaignEventSchema)
export const readSessionEvent: (stored: StoredEvent) => SessionEvent = eventReader(sessionEventSchema)
export const readOutcomeEvent: (stored: StoredEvent) => OutcomeEvent = eventReader(outcomeEventSchema)
export const readRecipientsChunk: (stored: StoredEvent) => RecipientsChunkStored =
  eventReader(recipientsChunkStoredSchema)
