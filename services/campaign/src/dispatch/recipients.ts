// Recipients by position, read from their chunks in the event store; a few chunks are kept at hand.
import { type CampaignId, eventStreams, readRecipientsChunk, type Recipient } from '@peyk/contracts'
import type { EventStore } from '@peyk/event-sourcing'

import type { LedgerModel } from '../ledger/model.ts'

export interface RecipientReader {
  at(id: CampaignId, position: number): Promise<Recipient | undefined>
  test(id: CampaignId, testId: string): Promise<Recipient | undefined>
}

const CHUNKS_AT_HAND = 16

export const createRecipientReader = (store: EventStore, model: LedgerModel): RecipientReader => {
  const atHand = new Map<string, readonly Recipient[]>()

  const readChunk = async (stream: string): Promise<readonly Recipient[]> => {
    for await (const event of store.readStream(stream, {
      direction: 'backwards',
      from: 'end',
      maxCount: 1,
    })) {
      return readRecipientsChunk(event).data.recipients
    }
    return []
  }

  return {
    at: async (id, position) => {
      const chunk = model.chunkOf(id, position)
      if (chunk === undefined) return undefined
      const stream = eventStreams.recipients(id, chunk.chunk)
      const recipients = atHand.get(stream) ?? (await readChunk(stream))
      atHand.delete(stream)
      atHand.set(stream, recipients)
      const oldest = atHand.keys().next().value
      if (atHand.size > CHUNKS_AT_HAND && oldest !== undefined) atHand.delete(oldest)
      return recipients[position - chunk.firstPosition]
    },
    test: async (id, testId) => (await readChunk(eventStreams.testRecipient(id, testId)))[0],
  }
}
