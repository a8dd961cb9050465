// The ledger of a campaign, as stored in `outcomes-<id>`: recipients named by position, never by number.
import { z } from 'zod'

import { epochSchema, instantSchema, positionSchema, sessionIdSchema } from './ids.ts'
import { outcomeReasonSchema, recipientStateSchema, totalsSchema } from './recipient-state.ts'

/** The new state of one recipient. */
export const recordedOutcomeSchema = z.object({
  position: positionSchema,
  ref: z.string().optional(),
  state: recipientStateSchema.exclude(['pending']),
  reason: outcomeReasonSchema.optional(),
  attempt: z.int().positive(),
  sessionId: sessionIdSchema.optional(),
  at: instantSchema,
})
export type RecordedOutcome = z.infer<typeof recordedOutcomeSchema>

export const outcomeEventSchema = z.discriminatedUnion('type', [
  /** What OUTCOMES said up to `toSeq`; totals after it. */
  z.object({
    type: z.literal('OutcomesRecorded'),
    data: z.object({
      epoch: epochSchema,
      toSeq: z.int().nonnegative(),
      outcomes: z.array(recordedOutcomeSchema),
      totals: totalsSchema,
    }),
  }),
  /** Written before the jobs are published: these positions may be sent from here on. */
  z.object({
    type: z.literal('RecipientsDispatched'),
    data: z.object({ toPosition: positionSchema, attempt: z.int().positive() }),
  }),
  /** Everybody still pending is skipped, everybody attempted is unconfirmed: after a cancel. */
  z.object({
    type: z.literal('RestSkipped'),
    data: z.object({
      epoch: epochSchema,
      toSeq: z.int().nonnegative(),
      reason: z.literal('cancelled'),
      at: instantSchema,
      totals: totalsSchema,
    }),
  }),
  /** OUTCOMES was lost: what was dispatched to `toPosition` without an outcome is unconfirmed. `epoch` is the new one. */
  z.object({
    type: z.literal('OutcomesLost'),
    data: z.object({
      epoch: epochSchema,
      toSeq: z.int().nonnegative(),
      toPosition: positionSchema,
      at: instantSchema,
      totals: totalsSchema,
    }),
  }),
])
export type OutcomeEvent = z.infer<typeof outcomeEventSchema>
