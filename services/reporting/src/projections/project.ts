// Events to rows: one projection a family of streams, a batch at a time.
import {
  eventStreamPrefixes,
  readCampaignEvent,
  readOutcomeEvent,
  readRecipientsChunk,
  readSessionEvent,
} from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { campaignProjection } from './campaigns.ts'
import { outcomeProjection } from './outcomes.ts'
import { recipientProjection } from './recipients.ts'
import { sessionProjection } from './sessions.ts'
import { tallyWriter } from './tallies.ts'

/** Writes the rows of a batch; throws UnknownEvent on what a newer release wrote: the projection stops there (A13). */
export const reportingProjection = (
  database: ReadModelDatabase,
): ((events: readonly RecordedEvent[]) => void) => {
  const campaigns = campaignProjection(database)
  const recipients = recipientProjection(database)
  const outcomes = outcomeProjection(database)
  const sessions = sessionProjection(database)
  const tallying = tallyWriter(database)
  return (events) => {
    const tallies = tallying.begin()
    const outcomesOfBatch = outcomes(tallies)
    for (const event of events) {
      const { streamName } = event
      if (streamName.startsWith(eventStreamPrefixes.outcomes))
        outcomesOfBatch.add(event, readOutcomeEvent(event))
      else if (streamName.startsWith(eventStreamPrefixes.campaign)) {
        // A start sets the totals that outcomes change: each finds what came before it in the rows.
        outcomesOfBatch.write()
        campaigns(event, readCampaignEvent(event))
      } else if (streamName.startsWith(eventStreamPrefixes.recipients))
        recipients(event, readRecipientsChunk(event))
      else if (streamName.startsWith(eventStreamPrefixes.session)) sessions(event, readSessionEvent(event))
    }
    outcomesOfBatch.write()
    tallies.write()
  }
}

export const reportingPrefixes = [
  eventStreamPrefixes.campaign,
  eventStreamPrefixes.recipients,
  eventStreamPrefixes.outcomes,
  eventStreamPrefixes.session,
]
