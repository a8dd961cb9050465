// The bodies of the REST API (campaign-api.md).
import { z } from 'zod'

import { campaignIdSchema, instantSchema, sessionIdSchema, shareIdSchema } from './ids.ts'
import { campaignStatusSchema } from './live-messages.ts'
import { MAX_MESSAGE_CHARACTERS } from './message-template.ts'
import { problemSchema } from './problems.ts'
import { outcomeReasonSchema, recipientStateSchema, totalsSchema } from './recipient-state.ts'
import { DEFAULT_TIMEZONE, missedRunSchema, timezoneSchema } from './schedule.ts'

const count = z.int().nonnegative()
const share = z.number().min(0).max(1)
const nullableInstant = instantSchema.nullable()

export const MAX_TITLE_CHARACTERS = 100
const characters = (limit: number) =>
  z.string().refine((text) => Array.from(text).length <= limit, { message: `at most ${limit} characters` })
const title = characters(MAX_TITLE_CHARACTERS).refine((text) => text.trim() !== '', {
  message: 'must not be blank',
})
const message = characters(MAX_MESSAGE_CHARACTERS).refine((text) => text.trim() !== '', {
  message: 'must not be blank',
})

export const createCampaignRequest = z.strictObject({ title: title.optional(), message })
export const changeTitleRequest = z.strictObject({ title })
export const changeMessageRequest = z.strictObject({ message })
/** `5s`, `10s`, `0.05s`: the smallest interval allowed is configuration. */
export const changeIntervalRequest = z
  .strictObject({
    interval: z.string().regex(/^\d{1,5}(\.\d{1,3})?s$/, 'an interval is a number of seconds, like 10s'),
    /** `immediate` takes a schedule away; without it a schedule stays as it is. */
    sendType: z.enum(['immediate', 'scheduled']).optional(),
    /** With an offset an instant, without one the time on the wall in `timezone`. */
    scheduledAt: z.iso
      .datetime({ offset: true, local: true, message: 'a date and time, like 2026-03-21T10:00' })
      .optional(),
    timezone: timezoneSchema.default(DEFAULT_TIMEZONE),
    missedRun: missedRunSchema.default('runIfLateLessThan'),
    missedRunLimit: z
      .string()
      .regex(/^[1-9]\d{0,3}[mh]$/, 'a number of minutes or hours, like 30m or 1h')
      .transform((text) => Number(text.slice(0, -1)) * (text.endsWith('h') ? 3_600_000 : 60_000))
      .prefault('1h'),
  })
  .refine(({ sendType, scheduledAt }) => (sendType === 'scheduled') === (scheduledAt !== undefined), {
    path: ['scheduledAt'],
    message: 'a scheduled start has a time, and no other has one',
  })
export const qrCodeRequest = z.strictObject({
  sessionId: sessionIdSchema.optional(),
  method: z.literal('qr').default('qr'),
})
export const testSendRequest = z.strictObject({ phone: z.string().min(1).max(64) })
/** Who is unconfirmed may have got the message: only with `includeUnconfirmed` they get it once more. */
export const retryFailedRequest = z.strictObject({ includeUnconfirmed: z.boolean().default(false) })
/** Recipients given as JSON: any other key of a row is a variable. */
export const importRecipientsRequest = z.strictObject({
  recipients: z
    .array(z.record(z.string(), z.union([z.string(), z.number()])))
    .min(1)
    .max(1_000),
})

export const campaignReplySchema = z.object({
  id: campaignIdSchema,
  title: z.string(),
  message: z.string(),
  status: campaignStatusSchema,
  progress: z.object({ total: count, sent: count, failed: count, delivered: count }),
  interval: z.string(),
  sendType: z.enum(['immediate', 'scheduled']),
  scheduledAt: nullableInstant,
  timezone: z.string(),
  sessionId: sessionIdSchema.nullable(),
  createdAt: instantSchema,
  startedAt: nullableInstant,
  completedAt: nullableInstant,
})
export type CampaignReply = z.infer<typeof campaignReplySchema>

/** `none` takes no recipients along; the others take those of the list, by what became of them. */
export const duplicateRequest = z.strictObject({
  recipients: z.enum(['none', 'all', 'failed', 'notDelivered', 'notReplied']).default('none'),
  title: title.optional(),
})
export type DuplicateRecipients = z.infer<typeof duplicateRequest>['recipients']

/** Who did what, when: one entry an event of the campaign's life. `userId` null: the system did it. */
export const historyEntrySchema = z.object({
  at: instantSchema,
  event: z.string(),
  userId: z.string().nullable(),
  /** Of a pause or a failure: why. */
  reason: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
})
export type HistoryEntry = z.infer<typeof historyEntrySchema>

export const campaignIncludes = ['progress', 'recipients', 'attachments', 'report'] as const
/** What `?include=` adds to a campaign; the lists themselves have routes of their own. */
export const campaignWithIncludesSchema = campaignReplySchema.extend({
  recipients: z.object({ total: count, variables: z.array(z.string()), url: z.string() }).optional(),
  attachments: z.array(z.object({ url: z.string() })).optional(),
  report: z
    .object({ status: campaignStatusSchema, totalSent: count, totalFailed: count, reportUrl: z.string() })
    .optional(),
})
export type CampaignWithIncludes = z.infer<typeof campaignWithIncludesSchema>

export const rowErrorSchema = z.object({
  /** 1 is the first row of the file, the header included. */
  row: z.int().positive(),
  code: z.enum(['missing_phone', 'invalid_phone', 'lost_digits', 'value_too_long', 'missing_variable']),
  message: z.string(),
})
export type RowError = z.infer<typeof rowErrorSchema>

/** accepted + rejected + duplicates = total rows. */
export const importReplySchema = z.object({
  id: z.string(),
  status: z.enum(['running', 'done', 'failed']),
  total: count,
  accepted: count,
  rejected: count,
  duplicates: count,
  /** The first 100. */
  errors: z.array(rowErrorSchema),
  errorsUrl: z.string(),
  /** Why nothing of it was taken, when it failed. */
  problem: problemSchema.optional(),
})
export type ImportReply = z.infer<typeof importReplySchema>

export const paginationSchema = z.object({ page: count, limit: count, total: count, totalPages: count })
export type Pagination = z.infer<typeof paginationSchema>

export const connectionReplySchema = z.object({
  isConnected: z.boolean(),
  lastActivity: nullableInstant,
  hasActiveSession: z.boolean(),
  sessionId: sessionIdSchema.nullable(),
})

/** What a recipient will really get: a text, or the name of the value that is missing. */
export const previewSchema = z.object({
  position: z.int().positive(),
  phone: z.string(),
  name: z.string().nullable(),
  text: z.string().nullable(),
  characters: count,
  missing: z.string().nullable(),
})
export type Preview = z.infer<typeof previewSchema>

export const estimateSchema = z.object({
  /** Recipients that wait to be sent to. */
  pending: count,
  interval: z.string(),
  /** The mean time between two messages, with jitter and the least interval allowed. */
  meanIntervalSeconds: z.number().positive(),
  messagesPerDay: count,
  seconds: count,
  startsAt: instantSchema,
  endsAt: instantSchema,
})
export type Estimate = z.infer<typeof estimateSchema>

/** A WhatsApp number of the tenant, with its masked number once it was linked. */
export const sessionReplySchema = z.object({
  id: sessionIdSchema,
  state: z.enum(['linking', 'connected', 'disconnected', 'unlinking', 'logged_out', 'banned']),
  number: z.string().nullable(),
  lastActivity: nullableInstant,
})
export type SessionReply = z.infer<typeof sessionReplySchema>

export const recipientReplySchema = z.object({
  position: z.int().positive(),
  phone: z.string(),
  name: z.string().nullable(),
  variables: z.record(z.string(), z.string()),
  status: recipientStateSchema,
  reason: outcomeReasonSchema.nullable(),
  attempt: count,
  sentAt: nullableInstant,
  deliveredAt: nullableInstant,
  readAt: nullableInstant,
})
export type RecipientReply = z.infer<typeof recipientReplySchema>

export const progressReplySchema = z.object({
  campaignId: campaignIdSchema,
  status: campaignStatusSchema,
  /** `sent` holds those delivered and read too, `delivered` those read. */
  progress: z.object({
    total: count,
    pending: count,
    sent: count,
    delivered: count,
    read: count,
    failed: count,
    skipped: count,
    unconfirmed: count,
  }),
  startedAt: nullableInstant,
  completedAt: nullableInstant,
  etaAt: nullableInstant,
})

export const reportReplySchema = z.object({
  campaign: campaignReplySchema,
  report: z.object({
    status: campaignStatusSchema,
    totalSent: count,
    totalFailed: count,
    reportUrl: z.string(),
  }),
  totals: totalsSchema,
  /** Of those that were sent to, from 0 to 1. */
  rates: z.object({ delivered: share, read: share, replied: share }),
  /** From the first send to the last; `perHour` is null before there were two. */
  speed: z.object({
    firstSentAt: nullableInstant,
    lastSentAt: nullableInstant,
    perHour: z.number().nonnegative().nullable(),
  }),
  /** Why those who were not sent to were not: `state` is failed, skipped or unconfirmed. */
  reasons: z.array(z.object({ state: recipientStateSchema, reason: outcomeReasonSchema, count })),
  numbers: z.array(z.object({ sessionId: sessionIdSchema, number: z.string().nullable(), sent: count })),
  variants: z.array(z.object({ variant: z.int().positive(), sent: count })),
})
export type ReportReply = z.infer<typeof reportReplySchema>

/** How many recipients reached each step: those read were delivered, those delivered were sent. */
const stepCounts = {
  sent: count,
  delivered: count,
  read: count,
  replied: count,
  failed: count,
  skipped: count,
  unconfirmed: count,
}

/** Without `expiresIn` a link is good for a week; at most a year. */
export const shareReportRequest = z.strictObject({
  expiresIn: z
    .string()
    .regex(/^[1-9]\d{0,3}[hd]$/, 'a number of hours or days, like 24h or 7d')
    .transform((text) => Number(text.slice(0, -1)) * (text.endsWith('d') ? 86_400_000 : 3_600_000))
    .refine((ms) => ms <= 365 * 86_400_000, { message: 'at most 365 days' })
    .prefault('7d'),
})
export const shareReplySchema = z.object({ id: shareIdSchema, url: z.string(), expiresAt: instantSchema })
export type ShareReply = z.infer<typeof shareReplySchema>

/** What a tenant sent, day by day of Tehran; days without anything are left out. */
export const usageReplySchema = z.object({ days: z.array(z.object({ day: z.iso.date(), ...stepCounts })) })
export type UsageReply = z.infer<typeof usageReplySchema>

/** How the numbers of a tenant do: their state since when, how often one lost its connection, and what came of its sends. */
export const numberHealthReplySchema = z.object({
  numbers: z.array(
    z.object({
      sessionId: sessionIdSchema,
      number: z.string().nullable(),
      state: sessionReplySchema.shape.state,
      since: instantSchema,
      disconnects: count,
      ...stepCounts,
    }),
  ),
})
export type NumberHealthReply = z.infer<typeof numberHealthReplySchema>

/** The seconds of an interval as the API writes them: `10s`, `0.05s`. */
export const intervalText = (intervalMs: number): string => `${intervalMs / 1_000}s`
export const parseInterval = (text: string): number => Math.round(Number(text.slice(0, -1)) * 1_000)

export const wsTicketRequest = z.strictObject({ campaignId: campaignIdSchema })
/** Goes into `token=` of the live feed instead of a token, once, within a minute. */
export const wsTicketReplySchema = z.object({ ticket: z.string(), expiresAt: instantSchema })
export type WsTicketReply = z.infer<typeof wsTicketReplySchema>
