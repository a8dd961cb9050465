// The metadata of every event.
import { z } from 'zod'

import { commandIdSchema, instantSchema, tenantIdSchema, userIdSchema } from './ids.ts'

export const eventMetadataSchema = z.object({
  commandId: commandIdSchema,
  /** One id from the first request to the last event. */
  correlationId: z.string().min(1),
  /** The id of the message or command right before. */
  causationId: z.string().min(1),
  traceparent: z.string().optional(),
  tenant: tenantIdSchema,
  /** Absent when the system acted by itself. */
  userId: userIdSchema.optional(),
  /** Our own clock, milliseconds. */
  occurredAt: instantSchema,
})
export type EventMetadata = z.infer<typeof eventMetadataSchema>
