// A job on DISPATCH: one message to one recipient.
import { z } from 'zod'

import { campaignIdSchema, messageIdSchema, phoneSchema, positionSchema } from './ids.ts'

export const dispatchJobSchema = z.object({
  campaignId: campaignIdSchema,
  position: positionSchema,
  attempt: z.int().positive(),
  /** Present for a test send (position 0). */
  testId: z.uuid().optional(),
  messageId: messageIdSchema,
  phone: phoneSchema,
  variables: z.record(z.string(), z.string()),
  /** The correlation id of the command that opened the run. */
  correlationId: z.string(),
  /** The span of that command: each send is a trace of its own, linked to it. */
  commandTraceparent: z.string().optional(),
})
export type DispatchJob = z.infer<typeof dispatchJobSchema>
