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
  /** Written before the jobs are published: these positions may be sent from here on, in this epoch of OUTCOMES. */
  z.object({
    type: z.literal('RecipientsDispatched'),
    data: z.object({ toPosition: positionSchema, attempt: z.int().positive(), epoch: epochSchema }),
  }),
  /** After a cancel: `unconfirmed` names the positions whose fate is open, everybody else still pending is skipped. */
  z.object({
    type: z.literal('RestSkipped'),
    data: z.object({
      reason: z.literal('cancelled'),
      unconfirmed: z.array(positionSchema),
      at: instantSchema,
      totals: totalsSchema,
    }),
  }),
  /** For a retry: these are pending again, under this attempt. The last of these events of an attempt says so. */
  z.object({
    type: z.literal('RecipientsReopened'),
    data: z.object({
      attempt: z.int().min(2),
      positions: z.array(positionSchema),
      isLast: z.boolean(),
      at: instantSchema,
      totals: totalsSchema,
    }),
  }),
  /** OUTCOMES was lost: what was dispatched up to `toPosition` and has no outcome is unconfirmed. `epoch` is the new one. */
  z.object({
    type: z.literal('OutcomesLost'),
    data: z.object({
      epoch: epochSchema,
      toPosition: positionSchema,
      at: instantSchema,
      totals: totalsSchema,
    }),
  }),
])
export type OutcomeEvent = z.infer<typeof outcomeEventSchema>
