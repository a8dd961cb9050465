// The six messages of the live feed, with exactly the keys, types and nesting of the owner's contract.
import { z } from 'zod'

import { campaignIdSchema } from './ids.ts'

/** ISO 8601 UTC in whole seconds, as in `2024-01-01T10:15:00Z`. */
export const feedInstantSchema = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
export const feedInstant = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`

export const campaignStatusSchema = z.enum([
  'DRAFT',
  'READY',
  'SCHEDULED',
  'RUNNING',
  'PAUSED',
  'COMPLETED',
  'CANCELLED',
  'FAILED',
])
export type CampaignStatus = z.infer<typeof campaignStatusSchema>

/** The closed list of `status_update.status`. */
export const feedStatusSchema = z.enum([
  'connecting',
  'scan_qr',
  'ready',
  'running',
  'resting',
  'timelocked',
  'waiting',
  'paused',
  'disconnected',
  'logged_out',
  'banned',
  'completed',
  'cancelled',
  'failed',
])
export type FeedStatus = z.infer<typeof feedStatusSchema>

const count = z.int().nonnegative()

export const liveDataSchemas = {
  campaign_update: z.strictObject({
    id: campaignIdSchema,
    title: z.string(),
    status: campaignStatusSchema,
    progress: z.strictObject({ total: count, sent: count, failed: count, delivered: count }),
    startedAt: feedInstantSchema.nullable(),
    completedAt: feedInstantSchema.nullable(),
    timestamp: feedInstantSchema,
  }),
  progress_update: z.strictObject({
    progress: z.strictObject({ sent: count, total: count, current: z.string() }),
    timestamp: feedInstantSchema,
  }),
  status_update: z.strictObject({
    status: feedStatusSchema,
    message: z.string(),
    timestamp: feedInstantSchema,
  }),
  error_update: z.strictObject({ error: z.string(), timestamp: feedInstantSchema }),
  qr_code: z.strictObject({
    qrCode: z.string().startsWith('data:image/png;base64,'),
    timestamp: feedInstantSchema,
  }),
  completion_update: z.strictObject({
    report: z.strictObject({
      status: z.enum(['COMPLETED', 'CANCELLED', 'FAILED']),
      totalSent: count,
      totalFailed: count,
      reportUrl: z.string().startsWith('/api/campaigns/'),
    }),
    timestamp: feedInstantSchema,
  }),
}

export type LiveMessageType = keyof typeof liveDataSchemas
export const liveMessageTypes = [
  'campaign_update',
  'progress_update',
  'status_update',
  'error_update',
  'qr_code',
  'completion_update',
] as const satisfies readonly LiveMessageType[]
export type LiveData<Type extends LiveMessageType> = z.infer<(typeof liveDataSchemas)[Type]>

const message = <Type extends LiveMessageType, Data extends z.ZodType>(type: Type, data: Data) =>
  z.strictObject({ type: z.literal(type), campaignId: campaignIdSchema, data })

/** What a client of the plain protocol receives. */
export const liveMessageSchema = z.discriminatedUnion('type', [
  message('campaign_update', liveDataSchemas.campaign_update),
  message('progress_update', liveDataSchemas.progress_update),
  message('status_update', liveDataSchemas.status_update),
  message('error_update', liveDataSchemas.error_update),
  message('qr_code', liveDataSchemas.qr_code),
  message('completion_update', liveDataSchemas.completion_update),
])
export type LiveMessage = z.infer<typeof liveMessageSchema>

/** The text of `status_update` when a number is connected, and of a number that WhatsApp does not know: the owner's words. */
export const READY_MESSAGE = 'WhatsApp connected successfully'
export const INVALID_NUMBER_TEXT = 'Invalid phone number'
export const sendFailureText = (number: string, reason: string): string =>
  `Failed to send message to ${number}: ${reason}`

export const reportUrlOf = (campaignId: number): string => `/api/campaigns/${campaignId}/report`
