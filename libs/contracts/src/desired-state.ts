// What campaign wants, in KV: the sender and the gateway act on these alone.
import { z } from 'zod'

import { campaignIdSchema, instantSchema, sessionIdSchema, tenantIdSchema, userIdSchema } from './ids.ts'

/** Bucket `sessions`, key `<tenant>.<sessionId>`. */
export const desiredSessionSchema = z.object({
  tenant: tenantIdSchema,
  sessionId: sessionIdSchema,
  ownerId: userIdSchema,
  wanted: z.enum(['linked', 'unlinked']),
  method: z.enum(['qr', 'code']),
  /** The campaigns that asked for the QR. */
  qrFor: z.array(campaignIdSchema),
})
export type DesiredSession = z.infer<typeof desiredSessionSchema>

/** Bucket `runs`, key `<tenant>.<campaignId>`: the gate, and all that a sender needs to know of a campaign. */
export const runSchema = z.object({
  tenant: tenantIdSchema,
  campaignId: campaignIdSchema,
  gate: z.enum(['open', 'shut']),
  /** Nothing of the run is sent before this instant. */
  notBefore: instantSchema.optional(),
  /** The message with its variables. */
  message: z.string(),
  intervalMs: z.int().positive(),
  /** The numbers of the campaign. */
  sessionIds: z.array(sessionIdSchema),
})
export type Run = z.infer<typeof runSchema>

/** Bucket `campaign_access`, key `<campaignId>`. */
export const campaignAccessSchema = z.object({
  campaignId: campaignIdSchema,
  tenant: tenantIdSchema,
  ownerId: userIdSchema,
})
export type CampaignAccess = z.infer<typeof campaignAccessSchema>
