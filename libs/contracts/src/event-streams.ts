// The names of the streams in the event store (architecture.md, section 4).
import type { CampaignId, SessionId, TenantId } from './ids.ts'

/** One event a campaign: its revision + 1 is the campaign's id. */
export const CAMPAIGN_IDS_STREAM = 'campaignIds'

export const eventStreams = {
  createKey: (key: string) => `createKey-${key}`,
  campaign: (id: CampaignId) => `campaign-${id}`,
  recipients: (id: CampaignId, chunk: number) => `recipients-${id}-${chunk}`,
  testRecipient: (id: CampaignId, testId: string) => `recipients-${id}-test-${testId}`,
  outcomes: (id: CampaignId) => `outcomes-${id}`,
  session: (id: SessionId) => `session-${id}`,
  optouts: (tenant: TenantId) => `optouts-${tenant}`,
  halts: (tenant: TenantId) => `halts-${tenant}`,
  audit: (tenant: TenantId) => `audit-${tenant}`,
}

/** What a subscription filters by. */
export const eventStreamPrefixes = {
  campaign: 'campaign-',
  recipients: 'recipients-',
  outcomes: 'outcomes-',
  session: 'session-',
  optouts: 'optouts-',
  halts: 'halts-',
} as const

/** A chunk of recipients holds at most so many, in at most so many bytes of JSON. */
export const RECIPIENTS_PER_CHUNK = 1_000
export const MAX_CHUNK_BYTES = 512 * 1024
