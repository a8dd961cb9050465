// What commands are handled with, and who gives them.
import type { CommandId, Principal } from '@peyk/contracts'
import { currentTraceparent, type EventMetadata, type EventStore } from '@peyk/event-sourcing'
import type { Bucket, Nats } from '@peyk/messaging'

import type { CampaignControl } from '../background/control.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Settings } from '../config.ts'

export interface CommandContext {
  readonly store: EventStore
  readonly nats: Nats
  readonly catalogue: Catalogue
  readonly control: CampaignControl
  /** The bucket `campaign_access`. */
  readonly access: Bucket
  readonly settings: Settings
}

/** Who gives a command, and which one it is: the same id twice is the same command. */
export interface Actor {
  readonly principal: Principal
  readonly commandId: CommandId
  readonly correlationId: string
  /** The revision that the client has seen (`If-Match`). */
  readonly expectedRevision?: bigint | undefined
}

export const metadataOf = ({ principal, commandId, correlationId }: Actor): EventMetadata => ({
  commandId,
  correlationId,
  causationId: commandId,
  traceparent: currentTraceparent(),
  tenant: principal.tenant,
  userId: principal.userId,
  occurredAt: new Date().toISOString(),
})
