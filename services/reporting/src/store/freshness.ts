// A report is never older than its request: it waits until the rows have what the campaign's streams had then.
import { type CampaignId, eventStreams } from '@peyk/contracts'
import type { EventStore } from '@peyk/event-sourcing'
import type { ReadModel } from '@peyk/read-model'

/** True once the rows have everything that stood in the campaign's streams at the call; false when the time was up first. */
export const waitUntilFresh = async (
  store: EventStore,
  readModel: ReadModel,
  id: CampaignId,
  timeoutMs: number,
): Promise<boolean> => {
  const heads = await Promise.all([
    store.headOf(eventStreams.campaign(id)),
    store.headOf(eventStreams.outcomes(id)),
  ])
  const newest = heads.reduce(
    (far, head) => (head !== undefined && head.position > far ? head.position : far),
    -1n,
  )
  return newest < 0n || readModel.waitForPosition(newest, timeoutMs)
}
