// The life of a campaign as its users may read it: no keys, no texts.
import { type CampaignId, eventStreams, type HistoryEntry, readCampaignEvent } from '@peyk/contracts'
import type { EventStore, RecordedEvent } from '@peyk/event-sourcing'

/** Names of other fields say what they hold; these are secret, long, or said elsewhere. */
const untold = new Set([
  'runKey',
  'epoch',
  'message',
  'tenant',
  'campaignId',
  'reason',
  'variables',
  'chunks',
])

/** Oldest first. */
export const readHistory = async (store: EventStore, id: CampaignId): Promise<readonly HistoryEntry[]> => {
  const entries: HistoryEntry[] = []
  for await (const recorded of store.readStream(eventStreams.campaign(id))) entries.push(entryOf(recorded))
  return entries
}

const entryOf = (recorded: RecordedEvent): HistoryEntry => {
  const { type, data } = readCampaignEvent(recorded)
  const { occurredAt, userId } = recorded.metadata
  return {
    at: String(occurredAt),
    event: type,
    userId: typeof userId === 'string' ? userId : null,
    reason: 'reason' in data ? data.reason : null,
    details: Object.fromEntries(Object.entries(data).filter(([name]) => !untold.has(name))),
  }
}
