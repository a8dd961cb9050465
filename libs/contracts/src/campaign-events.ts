// The life of a campaign, as stored in `campaign-<id>`. Events change only by adding; a sample of each version is kept.
import { z } from 'zod'

import {
  campaignIdSchema,
  epochSchema,
  instantSchema,
  sessionIdSchema,
  shareIdSchema,
  tenantIdSchema,
  userIdSchema,
} from './ids.ts'
import { totalsSchema } from './recipient-state.ts'
import { scheduleSchema } from './schedule.ts'

const event = <Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object(data) })

export const pauseReasonSchema = z.enum(['user', 'stateLost', 'autoPause', 'halt'])
export type PauseReason = z.infer<typeof pauseReasonSchema>

/** A range of chunks, both ends included. */
export const chunkRangeSchema = z.object({ first: z.int().nonnegative(), last: z.int().nonnegative() })
export type ChunkRange = z.infer<typeof chunkRangeSchema>

/** 32 random bytes in base64: the key of the message ids of a run. It never leaves campaign. */
const runKey = z.base64().length(44)

export const campaignEventSchema = z.discriminatedUnion('type', [
  event('CampaignCreated', {
    campaignId: campaignIdSchema,
    tenant: tenantIdSchema,
    ownerId: userIdSchema,
    title: z.string(),
    message: z.string(),
    /** The campaign that it was made from. */
    copyOf: campaignIdSchema.optional(),
  }),
  event('TitleChanged', { title: z.string() }),
  event('MessageChanged', { message: z.string() }),
  /** The chunks count from here on; with `replace` those before it do not any more. */
  event('RecipientsImported', {
    importId: z.string(),
    mode: z.enum(['replace', 'append']),
    chunks: chunkRangeSchema,
    accepted: z.int().positive(),
    rejected: z.int().nonnegative(),
    duplicates: z.int().nonnegative(),
    /** Recipients of the campaign after this import. */
    total: z.int().positive(),
    /** The names of the columns that a message may use. */
    variables: z.array(z.string()),
  }),
  event('PacingSet', { intervalMs: z.int().positive() }),
  /** A plan: with it a start waits for its time. */
  event('ScheduleSet', scheduleSchema.shape),
  /** The plan is gone; whoever waited for it is ready again. */
  event('ScheduleCancelled', {}),
  event('CampaignScheduled', {}),
  /** The system slept through the time: the start that follows was late, or the campaign is ready again. */
  event('ScheduleMissed', {
    dueAt: instantSchema,
    lateMs: z.int().nonnegative(),
    taken: z.enum(['run', 'skip']),
  }),
  event('SessionAttached', { sessionId: sessionIdSchema }),
  event('CampaignStarted', {
    runKey,
    epoch: epochSchema,
    total: z.int().positive(),
    attempt: z.int().positive(),
    /** Nothing is sent before this instant: until then the start can be undone. */
    notBefore: z.iso.datetime({ precision: 3 }),
  }),
  /** Before its first send: ready again, as if it had not been started. */
  event('StartUndone', {}),
  /** Who failed is sent to once more, each under its next attempt; the ledger says who that is. */
  event('RetryStarted', {
    attempt: z.int().min(2),
    epoch: epochSchema,
    notBefore: instantSchema,
    /** Those too who may have got the first message. */
    includeUnconfirmed: z.boolean(),
  }),
  event('CampaignPaused', { reason: pauseReasonSchema }),
  event('CampaignResumed', { epoch: epochSchema }),
  event('CampaignCancelled', {}),
  event('CampaignCompleted', { totals: totalsSchema }),
  event('CampaignFailed', { reason: z.enum(['numberGone']), totals: totalsSchema }),
  /** A link that opens the report without a login; `key` signs it and leaves the event store in no other way. */
  event('ReportShared', { shareId: shareIdSchema, key: runKey, expiresAt: instantSchema }),
  event('ReportShareRevoked', { shareId: shareIdSchema }),
  /** The number stands in `recipients-<id>-test-<testId>`, not here. */
  event('TestSendRequested', { testId: z.uuid(), runKey }),
  /** Nobody sees it any more, until it is restored. */
  event('CampaignDeleted', { restorableUntil: instantSchema }),
  event('CampaignRestored', {}),
])
export type CampaignEvent = z.infer<typeof campaignEventSchema>
export type CampaignEventOf<Type extends CampaignEvent['type']> = Extract<CampaignEvent, { type: Type }>
