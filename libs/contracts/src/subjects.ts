// NATS subjects and keys: made and parsed here only. No phone number in any of them.
import {
  campaignIdSchema,
  type CampaignId,
  type MessageId,
  type SessionId,
  type TenantId,
  tenantIdSchema,
} from './ids.ts'
import { liveMessageTypes, type LiveMessageType } from './live-messages.ts'
import type { CampaignOutcome, SessionOutcome } from './outcome-messages.ts'

export const subjects = {
  campaignEvent: (tenant: TenantId, id: CampaignId, type: string) =>
    `events.${tenant}.campaign.${id}.${type}`,
  sessionEvent: (tenant: TenantId, id: SessionId, type: string) => `events.${tenant}.session.${id}.${type}`,
  dispatch: (tenant: TenantId, id: CampaignId, session: SessionId) => `dispatch.${tenant}.${id}.${session}`,
  /** Test sends stand apart: they pass a shut gate, and wait for no job of the run. */
  dispatchTest: (tenant: TenantId, id: CampaignId, session: SessionId) =>
    `dispatch.${tenant}.${id}.${session}-test`,
  dispatchOfCampaign: (tenant: TenantId, id: CampaignId) => `dispatch.${tenant}.${id}.*`,
  intent: (tenant: TenantId, id: MessageId) => `intents.${tenant}.${id}`,
  campaignOutcome: (tenant: TenantId, id: CampaignId, kind: CampaignOutcome['kind']) =>
    `outcomes.${tenant}.campaign.${id}.${kind}`,
  sessionOutcome: (tenant: TenantId, id: SessionId, kind: SessionOutcome['kind']) =>
    `outcomes.${tenant}.session.${id}.${kind}`,
  credentials: (id: SessionId) => `wakeys.${id}`,
  live: (tenant: TenantId, id: CampaignId, type: LiveMessageType) => `live.${tenant}.${id}.${type}`,
  liveOfCampaign: (tenant: TenantId, id: CampaignId) => `live.${tenant}.${id}.*`,
  audit: (tenant: TenantId) => `audit.${tenant}`,
  deadLetter: (stream: string) => `dead.${stream}`,
  /** Core requests to the holder of `campaign.background`, and to a session's owner. */
  settle: 'control.campaign.settle',
  link: (tenant: TenantId, id: SessionId) => `link.${tenant}.${id}`,
}

export const keys = {
  session: (tenant: TenantId, id: SessionId) => `${tenant}.${id}`,
  run: (tenant: TenantId, id: CampaignId) => `${tenant}.${id}`,
  campaignAccess: (id: CampaignId) => String(id),
  /** A one-use ticket for the live feed, by its SHA-256. */
  ticket: (ticketHash: string) => ticketHash,
  /** What was taken back: a token, a user, a user's access to one campaign. Users and tokens stand there as SHA-256 (hex). */
  revokedToken: (tokenHash: string) => `token.${tokenHash}`,
  revokedUser: (tenant: TenantId, userHash: string) => `user.${tenant}.${userHash}`,
  revokedAccess: (id: CampaignId, userHash: string) => `access.${id}.${userHash}`,
  sessionLease: (id: SessionId) => `session.${id}`,
  backgroundLease: 'campaign.background',
  import: (tenant: TenantId, id: CampaignId, importId: string) => `${tenant}.${id}.${importId}`,
  /** One import of a campaign at a time. */
  importLease: (id: CampaignId) => `import.${id}`,
}

/** The durable pull consumer of one campaign and number. */
export const dispatchConsumer = (id: CampaignId, session: SessionId): string => `dispatch-${id}-${session}`

/** The same for the test sends of a campaign through a number. */
export const testConsumer = (id: CampaignId, session: SessionId): string => `dispatch-${id}-${session}-test`

/** What a subject of LIVE or LIVE_QR names; undefined for any other. */
export const parseLiveSubject = (
  subject: string,
): { tenant: TenantId; campaignId: CampaignId; type: LiveMessageType } | undefined => {
  const [head, tenantText, idText, typeText, ...rest] = subject.split('.')
  const tenant = tenantIdSchema.safeParse(tenantText)
  const campaignId = campaignIdSchema.safeParse(Number(idText))
  const type = liveMessageTypes.find((known) => known === typeText)
  if (head !== 'live' || rest.length > 0 || !tenant.success || !campaignId.success || type === undefined)
    return undefined
  return { tenant: tenant.data, campaignId: campaignId.data, type }
}

/** Headers, all lower case: NATS looks them up by exact case. */
export const headers = {
  /** A campaign's own contiguous count on LIVE. */
  liveCount: 'peyk-n',
  /** The instant of the message, with milliseconds. */
  at: 'peyk-at',
  /** When a QR is of no more use. */
  expires: 'peyk-expires',
  /** The `$all` position of the event that a message of EVENTS carries. */
  position: 'peyk-position',
  correlationId: 'peyk-correlation-id',
  traceparent: 'traceparent',
} as const
