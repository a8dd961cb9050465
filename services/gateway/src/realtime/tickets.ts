// Tickets: what a browser puts into the address instead of a token that lives for long. One use, one campaign, one minute.
import { createHash, randomBytes } from 'node:crypto'

import { type CampaignId, campaignIdSchema, keys, principalSchema } from '@peyk/contracts'
import { type Nats, openBucket, WrongLastSequence } from '@peyk/messaging'
import { z } from 'zod'

const LIFETIME_MS = 60_000
const RANDOM_BYTES = 16

/** Whose ticket it is: all that the token said that it was got with. */
const ticketSchema = z.object({
  principal: principalSchema,
  campaignId: campaignIdSchema,
  expiresAtMs: z.number(),
  tokenEndsAt: z.number().optional(),
  tokenId: z.string().optional(),
})
type Ticket = z.infer<typeof ticketSchema>

export interface Tickets {
  issue(holder: Omit<Ticket, 'expiresAtMs'>): Promise<{ readonly ticket: string; readonly expiresAt: Date }>
  /** Whose it is, once; undefined if it was used, is too old, is for another campaign, or never was. */
  take(ticket: string, campaignId: CampaignId): Promise<Ticket | undefined>
}

/** A token has dots, a ticket has none. */
export const looksLikeTicket = (text: string): boolean => /^[\w-]{22}$/.test(text)

/** NATS keeps only the hash: who can read the bucket cannot use what is in it. */
const keyOf = (ticket: string): string => keys.ticket(createHash('sha256').update(ticket).digest('hex'))

export const createTickets = (nats: Nats): Tickets => {
  const bucket = openBucket(nats, 'ws_tickets')
  return {
    issue: async (holder) => {
      const ticket = randomBytes(RANDOM_BYTES).toString('base64url')
      const expiresAtMs = Math.min(Date.now() + LIFETIME_MS, holder.tokenEndsAt ?? Infinity)
      await bucket.create(keyOf(ticket), { ...holder, expiresAtMs })
      return { ticket, expiresAt: new Date(expiresAtMs) }
    },
    take: async (ticket, campaignId) => {
      const key = keyOf(ticket)
      const entry = await bucket.get(key)
      if (entry === undefined) return undefined
      try {
        await bucket.delete(key, { revision: entry.revision })
      } catch (error) {
        // Somebody else used it between our reading and our deletion.
        if (error instanceof WrongLastSequence) return undefined
        throw error
      }
      const known = ticketSchema.parse(entry.json())
      return known.campaignId === campaignId && known.expiresAtMs > Date.now() ? known : undefined
    },
  }
}
