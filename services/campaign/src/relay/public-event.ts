// What other services may know of an event: a CloudEvent without keys, texts or numbers.
import {
  eventStreamPrefixes,
  readCampaignEvent,
  readOutcomeEvent,
  readSessionEvent,
  subjects,
} from '@peyk/contracts'
import type { CampaignId, SessionId, TenantId } from '@peyk/contracts'
import { tenantIdSchema } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'

export interface PublicEvent {
  readonly subject: string
  readonly source: string
  readonly data: object
}

/** Undefined for what concerns nobody outside. Throws UnknownEvent for what a newer release wrote (A13). */
export const publicEventOf = (recorded: RecordedEvent): PublicEvent | undefined => {
  const tenant = tenantIdSchema.parse(recorded.metadata['tenant'])
  const { streamName } = recorded
  if (streamName.startsWith(eventStreamPrefixes.session)) {
    const id = streamName.slice(eventStreamPrefixes.session.length) as SessionId
    const { type, data } = readSessionEvent(recorded)
    return { subject: subjects.sessionEvent(tenant, id, type), source: `/sessions/${id}`, data }
  }
  const id = Number(streamName.slice(streamName.indexOf('-') + 1)) as CampaignId
  if (streamName.startsWith(eventStreamPrefixes.campaign)) return campaignEvent(tenant, id, recorded)
  return outcomeEvent(tenant, id, recorded)
}

const campaignEvent = (tenant: TenantId, id: CampaignId, recorded: RecordedEvent): PublicEvent => {
  const { type, data } = readCampaignEvent(recorded)
  return {
    subject: subjects.campaignEvent(tenant, id, type),
    source: `/campaigns/${id}`,
    data: withoutSecrets(data),
  }
}

/** The run key would let a reader compute message ids, and a link's key its signature; the message is the tenant's own text. */
const withoutSecrets = (data: object): object =>
  Object.fromEntries(
    Object.entries(data).filter(([key]) => key !== 'runKey' && key !== 'key' && key !== 'message'),
  )

const outcomeEvent = (tenant: TenantId, id: CampaignId, recorded: RecordedEvent): PublicEvent | undefined => {
  const { type, data } = readOutcomeEvent(recorded)
  const event = (fields: object): PublicEvent => ({
    subject: subjects.campaignEvent(tenant, id, type),
    source: `/campaigns/${id}`,
    data: fields,
  })
  switch (type) {
    case 'OutcomesRecorded':
      return event({
        outcomes: data.outcomes.map(({ position, ref, state, reason, at }) => ({
          position,
          ref,
          state,
          reason,
          at,
        })),
        totals: data.totals,
      })
    case 'RecipientsReopened':
      return event({
        attempt: data.attempt,
        positions: data.positions,
        isLast: data.isLast,
        at: data.at,
        totals: data.totals,
      })
    case 'RestSkipped':
      return event({ reason: data.reason, unconfirmed: data.unconfirmed, at: data.at, totals: data.totals })
    case 'OutcomesLost':
      return event({ toPosition: data.toPosition, at: data.at, totals: data.totals })
    case 'RecipientsDispatched':
      return undefined
  }
}
