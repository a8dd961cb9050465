// A WhatsApp number, as stored in `session-<id>`: never a credential, a QR, a pairing code or the number itself.
import { z } from 'zod'

import { campaignIdSchema, sessionIdSchema, tenantIdSchema, userIdSchema } from './ids.ts'

const event = <Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object(data) })

export const sessionEventSchema = z.discriminatedUnion('type', [
  /** The QR goes to the feed of `campaignId`, when one asked. */
  event('LinkRequested', {
    sessionId: sessionIdSchema,
    tenant: tenantIdSchema,
    ownerId: userIdSchema,
    method: z.enum(['qr', 'code']),
    campaignId: campaignIdSchema.optional(),
  }),
  event('SessionLinked', { maskedNumber: z.string() }),
  event('SessionConnected', {}),
  event('SessionDisconnected', { cause: z.string() }),
  event('SessionLoggedOut', {}),
  event('SessionBanned', { cause: z.string() }),
  event('UnlinkRequested', {}),
])
export type SessionEvent = z.infer<typeof sessionEventSchema>
