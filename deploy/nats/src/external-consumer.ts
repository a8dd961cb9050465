// A consumer of another service: one durable on EVENTS, one account, one user.
//
// A user in our own account that may only pull from its durable is not enough: it names the subject of the answer, and the
// server publishes there with all rights. So a pull with the reply `dispatch.acme.1.x` puts a message into DISPATCH, and
// one with `live.other.2.status_update` shows something to another tenant (tried with 2.9). In an account of its own the
// answer stays in that account, whatever subject it names.
import { type TenantId, tenantIdSchema } from '@peyk/contracts'
import type { ConsumerDefinition } from '@peyk/messaging'
import { z } from 'zod'

export const externalConsumerSchema = z.object({
  tenant: tenantIdSchema,
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'must be lower-case letters, digits, - and _'),
  publicKey: z.string().regex(/^U[A-Z2-7]{55}$/),
})
export type ExternalConsumer = z.infer<typeof externalConsumerSchema>

/** `=` stands in no tenant and no name, so no two consumers share one. */
export const durableOf = ({ tenant, name }: { readonly tenant: TenantId; readonly name: string }): string =>
  `external=${tenant}=${name}`

/** JetStream's API as the consumer's own account sees it; under its usual name it would be that of this account. */
export const API_PREFIX = 'PEYK.API'

/** All that it may say: give me the next ones, how am I doing, I have handled this one. */
export const subjectsOf = (durable: string) => ({
  next: `${API_PREFIX}.CONSUMER.MSG.NEXT.EVENTS.${durable}`,
  info: `${API_PREFIX}.CONSUMER.INFO.EVENTS.${durable}`,
  ack: `$JS.ACK.EVENTS.${durable}.>`,
  inbox: `_INBOX.${durable}.>`,
})

/** The events of one tenant's campaigns, from the oldest that EVENTS still holds. A filter lies within one subject of it. */
export const durableDefinition = (consumer: ExternalConsumer): ConsumerDefinition => ({
  stream: 'EVENTS',
  durable: durableOf(consumer),
  filter: `events.${consumer.tenant}.campaign.*.*`,
  maxAckPending: 1_000,
  ackWaitMs: 30_000,
})
