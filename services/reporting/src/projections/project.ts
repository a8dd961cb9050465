// Events to rows: one function a family of streams.
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

/** Writes the rows of one event; throws UnknownEvent on what a newer release wrote: the projection stops there (A13). */
export const reportingProjection = (database: ReadModelDatabase): ((event: RecordedEvent) => void) => {
  const campaigns = campaignProjection(database)
  const recipients = recipientProjection(database)
  const outcomes = outcomeProjection(database)
  const linked = database.prepare(
    `insert into sessions (session_id, number) values (?, ?) on conflict (session_id) do update set number = excluded.number`,
  )
  return (event) => {
    const { streamName } = event
    if (streamName.startsWith(eventStreamPrefixes.campaign)) campaigns(event, readCampaignEvent(event))
    else if (streamName.startsWith(eventStreamPrefixes.recipients))
      recipients(event, readRecipientsChunk(event))
    else if (streamName.startsWith(eventStreamPrefixes.outcomes)) outcomes(event, readOutcomeEvent(event))
    else if (streamName.startsWith(eventStreamPrefixes.session)) {
      const { type, data } = readSessionEvent(event)
      if (type === 'SessionLinked')
        linked.run(streamName.slice(eventStreamPrefixes.session.length), data.maskedNumber)
    }
  }
}

export const reportingPrefixes = [
  eventStreamPrefixes.campaign,
  eventStreamPrefixes.recipients,
  eventStreamPrefixes.outcomes,
  eventStreamPrefixes.session,
]
