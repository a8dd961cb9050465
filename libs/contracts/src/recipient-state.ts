// The states of a recipient, why one ends badly, and what the totals of a campaign mean.
import { z } from 'zod'

/** Only forward (whatsapp.md, L5); `unconfirmed` gives way to any later proof. */
export const recipientStateSchema = z.enum([
  'pending',
  'attempted',
  'sent',
  'delivered',
  'read',
  'replied',
  'failed',
  'skipped',
  'unconfirmed',
])
export type RecipientState = z.infer<typeof recipientStateSchema>

export const skipReasonSchema = z.enum([
  'opted_out',
  'not_on_whatsapp',
  'invalid_number',
  'duplicate',
  'recently_contacted',
  'cancelled',
])
export type SkipReason = z.infer<typeof skipReasonSchema>

export const failureReasonSchema = z.enum([
  'reach_out_locked',
  'rejected',
  'media_failed',
  'no_device',
  'internal',
])
export type FailureReason = z.infer<typeof failureReasonSchema>

export const outcomeReasonSchema = z.union([skipReasonSchema, failureReasonSchema, z.literal('no_ack')])
export type OutcomeReason = z.infer<typeof outcomeReasonSchema>

/** How many recipients are in each state now; the sum is the campaign's total. */
export const totalsSchema = z.object({
  pending: z.int().nonnegative(),
  attempted: z.int().nonnegative(),
  sent: z.int().nonnegative(),
  delivered: z.int().nonnegative(),
  read: z.int().nonnegative(),
  replied: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  skipped: z.int().nonnegative(),
  unconfirmed: z.int().nonnegative(),
})
export type Totals = z.infer<typeof totalsSchema>

export const totalsOfPending = (pending: number): Totals => ({
  pending,
  attempted: 0,
  sent: 0,
  delivered: 0,
  read: 0,
  replied: 0,
  failed: 0,
  skipped: 0,
  unconfirmed: 0,
})

/** What a dashboard shows: `sent` holds those delivered and read too; `failed` holds skipped and unconfirmed ones. */
export interface Progress {
  readonly total: number
  readonly sent: number
  readonly failed: number
  readonly delivered: number
}

export const progressOf = (totals: Totals): Progress => {
  const delivered = totals.delivered + totals.read + totals.replied
  const sent = totals.sent + delivered
  const failed = totals.failed + totals.skipped + totals.unconfirmed
  return { total: totals.pending + totals.attempted + sent + failed, sent, failed, delivered }
}

/** True once no recipient waits for a send or for the fate of one. */
export const isSettled = (totals: Totals): boolean => totals.pending === 0 && totals.attempted === 0

const rank: Record<RecipientState, number> = {
  pending: 0,
  attempted: 1,
  unconfirmed: 2,
  failed: 3,
  skipped: 3,
  sent: 4,
  delivered: 5,
  read: 6,
  replied: 7,
}

/** True when a recipient in `from` may become `to` within one attempt: later proof wins, repeats and latecomers change nothing. */
export const movesForward = (from: RecipientState, to: RecipientState): boolean => rank[to] > rank[from]
