// Commands that the system gives by itself: from what senders say, and at the end of a campaign.
import { randomUUID } from 'node:crypto'

import {
  type CampaignCommand,
  type CampaignId,
  eventStreams,
  readCampaignEvent,
  readSessionEvent,
  type SessionCommand,
  type SessionId,
  type TenantId,
} from '@peyk/contracts'
import { type EventMetadata, type EventStore, handleCommand, uuidV5 } from '@peyk/event-sourcing'

import { campaignDecider } from '../domain/campaign/decide.ts'
import { sessionDecider } from '../domain/session/decide.ts'

/** A refusal is no error: the state has moved on, and the command is not needed any more. */
export interface SystemCommands {
  /** The same `cause` twice gives one event. */
  campaign(tenant: TenantId, id: CampaignId, command: CampaignCommand, cause?: string): Promise<void>
  session(tenant: TenantId, id: SessionId, command: SessionCommand, cause?: string): Promise<void>
}

export const createSystemCommands = (store: EventStore): SystemCommands => ({
  campaign: async (tenant, id, command, cause) => {
    await handleCommand({
      store,
      streamName: eventStreams.campaign(id),
      decider: campaignDecider,
      codec: { decode: readCampaignEvent },
      command,
      metadata: metadataOf(tenant, cause),
    })
  },
  session: async (tenant, id, command, cause) => {
    await handleCommand({
      store,
      streamName: eventStreams.session(id),
      decider: sessionDecider,
      codec: { decode: readSessionEvent },
      command,
      metadata: metadataOf(tenant, cause),
    })
  },
})

const metadataOf = (tenant: TenantId, cause: string | undefined): EventMetadata => {
  const commandId = cause === undefined ? randomUUID() : uuidV5(cause)
  return {
    commandId,
    correlationId: commandId,
    causationId: commandId,
    tenant,
    occurredAt: new Date().toISOString(),
  }
}
