/** What the control door takes. */
import { z } from 'zod'

import { actionSchema, faultSchema, phoneSchema } from '../faults.ts'

const image = z.string().startsWith('data:image/').max(1_000_000)
const qr = z.string().min(1).max(4_000)
const messageIds = z.array(z.string().min(1).max(128)).min(1).max(1_000)

/** A fault that lasts, or something that is done at once. */
export const faultRequest = z.discriminatedUnion('type', [faultSchema, actionSchema])

export const replyRequest = z.strictObject({
  from: phoneSchema,
  /** The linked number; default: the one that wrote last to `from`. */
  to: phoneSchema.optional(),
  text: z.string().min(1).max(65_536),
  /** The id of the message that it answers. */
  quoted: z.string().min(1).max(128).optional(),
  byLid: z.boolean().optional(),
})

export const receiptRequest = z.strictObject({
  /** The linked number. */
  number: phoneSchema,
  /** The recipient. */
  from: phoneSchema,
  type: z.enum(['sender', 'delivered', 'read', 'played']).default('delivered'),
  messageIds,
  byLid: z.boolean().default(false),
})

/** A screen shows a QR: its text, or the picture of it. */
export const showRequest = z.union([z.strictObject({ qr }), z.strictObject({ image })])

export const scanRequest = z.union([
  z.strictObject({ qr, number: phoneSchema.optional() }),
  z.strictObject({ image, number: phoneSchema.optional() }),
  /** The user of a phone types a pairing code. */
  z.strictObject({ code: z.string().length(8), phone: phoneSchema }),
  /** This number scans what is shown now, or what is shown next. */
  z.strictObject({ number: phoneSchema }),
])

export const numberQuery = z.strictObject({ number: phoneSchema.optional() })

export type ReplyRequest = z.input<typeof replyRequest>
export type ReceiptRequest = z.input<typeof receiptRequest>
export type ShowRequest = z.input<typeof showRequest>
export type ScanRequest = z.input<typeof scanRequest>
export type FaultRequest = z.input<typeof faultRequest>
