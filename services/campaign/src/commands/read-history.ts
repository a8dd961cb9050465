// The life of a campaign as its users may read it: no keys, no texts.
import { type CampaignId, eventStreams, type HistoryEntry, readCampaignEvent } from '@peyk/contracts'
import type { EventStore, RecordedEvent } from '@peyk/event-sourcing'

/** What an entry tells of an event; keys, texts and whatever is not named here stay out. */
const told = new Set([
  'ownerId',
  'title',
  'copyOf',
  'importId',
  'mode',
  'accepted',
  'rejected',
  'duplicates',
  'total',
  'totals',
  'intervalMs',
  'scheduledAt',
  'timezone',
  'missedRun',
  'dueAt',
  'lateMs',
  'taken',
  'sessionId',
  'attempt',
  'notBefore',
  'testId',
  'restorableUntil',
  'shareId',
  'expiresAt',
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
    details: Object.fromEntries(Object.entries(data).filter(([name]) => told.has(name))),
  }
}
