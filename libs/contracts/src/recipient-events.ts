// Chunks of recipients: the one kind of event with personal data, in streams that can be rewritten and deleted.
import { z } from 'zod'

import { phoneSchema, positionSchema } from './ids.ts'

export const recipientSchema = z.object({
  phone: phoneSchema,
  /** The first accepted spelling of the number, in Latin digits: what the tenant wrote. */
  spelling: z.string(),
  /** Column name to value, the name under `name`. */
  variables: z.record(z.string(), z.string()),
  /** The tenant's own reference, if a column of that name was imported. */
  ref: z.string().optional(),
})
export type Recipient = z.infer<typeof recipientSchema>

export const recipientsChunkStoredSchema = z.object({
  type: z.literal('RecipientsChunkStored'),
  data: z.object({
    importId: z.string(),
    chunk: z.int().nonnegative(),
    /** The position of the first recipient of this chunk; the others follow. */
    firstPosition: positionSchema,
    recipients: z.array(recipientSchema),
  }),
})
export type RecipientsChunkStored = z.infer<typeof recipientsChunkStoredSchema>
