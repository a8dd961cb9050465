// Branded ids. Each is made here only, by parsing text or numbers from outside.
import { z } from 'zod'

/** A tenant: `[a-z0-9][a-z0-9_-]{0,62}`, safe in subjects, keys and stream names. `local` is reserved for local mode. */
export const tenantIdSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'a tenant id is 1 to 63 of a-z, 0-9, _ and -, and begins with a letter or digit',
  )
  .brand('TenantId')
export type TenantId = z.infer<typeof tenantIdSchema>
export const LOCAL_TENANT = tenantIdSchema.parse('local')

/** The `sub` of a token: any text up to 128 characters. It reaches subjects, keys and stream names only as a hash. */
export const userIdSchema = z.string().min(1).max(128).brand('UserId')
export type UserId = z.infer<typeof userIdSchema>

/** 1, 2, 3 ...: unique over all tenants. */
export const campaignIdSchema = z.int().positive().brand('CampaignId')
export type CampaignId = z.infer<typeof campaignIdSchema>

/** Exactly the decimal digits of a positive safe integer: no sign, exponent, space or leading zero. */
export const campaignIdTextSchema = z
  .string()
  .regex(/^[1-9][0-9]{0,15}$/, 'a campaign id is a positive integer')
  .transform(Number)
  .pipe(campaignIdSchema)

/** A WhatsApp number of a tenant, before and after it is linked. */
export const sessionIdSchema = z
  .string()
  .regex(/^wa_[a-z0-9]{20}$/, 'a session id is wa_ and 20 letters or digits')
  .brand('SessionId')
export type SessionId = z.infer<typeof sessionIdSchema>

/** `3EB0` and 18 upper-case hex digits (whatsapp.md, L2): the same send always has the same id. */
export const messageIdSchema = z
  .string()
  .regex(/^3EB0[0-9A-F]{18}$/)
  .brand('MessageId')
export type MessageId = z.infer<typeof messageIdSchema>

export const commandIdSchema = z.uuid().brand('CommandId')
export type CommandId = z.infer<typeof commandIdSchema>

/** The creation time of a JetStream stream as ISO text: another epoch means that the stream was lost and made again. */
export const epochSchema = z.string().min(1).brand('Epoch')
export type Epoch = z.infer<typeof epochSchema>

/** 128 bits in hex: a link to a report. */
export const shareIdSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .brand('ShareId')
export type ShareId = z.infer<typeof shareIdSchema>

/** A recipient's place in the campaign's list, from 1; 0 is a test send. */
export const positionSchema = z.int().nonnegative()

/** A phone number as digits of E.164, without the plus: `989123456789`. */
export const phoneSchema = z
  .string()
  .regex(/^[1-9][0-9]{6,14}$/)
  .brand('Phone')
export type Phone = z.infer<typeof phoneSchema>

/** An instant, ISO 8601 in UTC with milliseconds. */
export const instantSchema = z.iso.datetime({ precision: 3 })
