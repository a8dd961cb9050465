// What the sender says on OUTCOMES: intents before a send, outcomes after it, and the life of a session.
import { z } from 'zod'

import { campaignIdSchema, instantSchema, messageIdSchema, positionSchema, sessionIdSchema } from './ids.ts'
import { failureReasonSchema, skipReasonSchema } from './recipient-state.ts'

/** Which send of which campaign. `position` 0 is a test send, named by `testId`. */
const sendSchema = z.object({
  campaignId: campaignIdSchema,
  position: positionSchema,
  attempt: z.int().positive(),
  testId: z.uuid().optional(),
  messageId: messageIdSchema,
  sessionId: sessionIdSchema,
  at: instantSchema,
})
export type Send = z.infer<typeof sendSchema>

/** On `intents.<tenant>.<messageId>` (whatsapp.md, L1 and L1a). `owner`: random, one a process. */
export const intentMessageSchema = z.discriminatedUnion('kind', [
  sendSchema.extend({ kind: z.literal('intent'), owner: z.string() }),
  sendSchema.extend({ kind: z.literal('withdrawn'), owner: z.string(), intentSequence: z.int().positive() }),
])
export type IntentMessage = z.infer<typeof intentMessageSchema>

/** On `outcomes.<tenant>.campaign.<campaignId>.<kind>`. */
export const campaignOutcomeSchema = z.discriminatedUnion('kind', [
  sendSchema.extend({ kind: z.literal('sent') }),
  sendSchema.extend({ kind: z.literal('failed'), reason: failureReasonSchema, code: z.string().optional() }),
  sendSchema.extend({ kind: z.literal('skipped'), reason: skipReasonSchema }),
])
export type CampaignOutcome = z.infer<typeof campaignOutcomeSchema>

const session = <Kind extends string, Data extends z.ZodRawShape>(kind: Kind, data: Data) =>
  z.object({ kind: z.literal(kind), sessionId: sessionIdSchema, at: instantSchema, ...data })

/** On `outcomes.<tenant>.session.<sessionId>.<kind>`. */
export const sessionOutcomeSchema = z.discriminatedUnion('kind', [
  session('receipt', {
    messageIds: z.array(z.string()).min(1),
    /** `sent` is the own phone's proof; it repairs an ack that was lost. */
    state: z.enum(['sent', 'delivered', 'read', 'played']),
  }),
  session('connecting', {}),
  session('scan_qr', {}),
  session('ready', { maskedNumber: z.string() }),
  session('timelocked', { until: instantSchema.optional() }),
  session('resting', { until: instantSchema.optional() }),
  session('disconnected', { cause: z.string() }),
  session('logged_out', {}),
  session('banned', { cause: z.string() }),
])
export type SessionOutcome = z.infer<typeof sessionOutcomeSchema>
