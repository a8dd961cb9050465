// Intents (L1, L1a): what is written before a send, so that nobody ever sends it twice.
import { type IntentMessage, intentMessageSchema, type Send, subjects, type TenantId } from '@peyk/contracts'
import { lastMessageOf, type Nats, NatsUnavailable, type Publisher, WrongLastSequence } from '@peyk/messaging'

/** `refused`: somebody has sent the message, or may have. */
export type Intent =
  { readonly outcome: 'written'; readonly sequence: number } | { readonly outcome: 'refused' }

export interface Intents {
  /** Throws when NATS cannot tell; nothing was handed over then. */
  write(tenant: TenantId, send: Send): Promise<Intent>
  /** Nothing of the intent was handed over: the next one may be written. */
  withdraw(tenant: TenantId, send: Send, sequence: number): Promise<void>
}

interface StandingIntent {
  readonly sequence: number
  readonly message: IntentMessage
}

const TRIES = 3

/** `owner` is random, one a process. */
export const createIntents = (nats: Nats, publisher: Publisher, owner: string): Intents => {
  const lastOf = async (tenant: TenantId, { messageId }: Send) => {
    const last = await lastMessageOf(nats, 'OUTCOMES', subjects.intent(tenant, messageId))
    return last === undefined
      ? undefined
      : { sequence: last.sequence, message: intentMessageSchema.parse(last.json()) }
  }
  const publish = (tenant: TenantId, message: IntentMessage, expectedLastSubjectSequence: number) =>
    publisher.publish(subjects.intent(tenant, message.messageId), message, { expectedLastSubjectSequence })

  /** Our own, when only the answer to it was lost: nothing was handed over for it yet. */
  const standing = ({ sequence, message }: StandingIntent, isLost: boolean): Intent =>
    isLost && message.owner === owner ? { outcome: 'written', sequence } : { outcome: 'refused' }

  /** What stands on the subject decides, when the fence or a lost answer left it open. */
  const afterRefusal = async (
    tenant: TenantId,
    send: Send,
    attempt: number,
    error: unknown,
  ): Promise<Intent> => {
    const isLost = error instanceof NatsUnavailable && error.outcome === 'unknown'
    if (!(error instanceof WrongLastSequence) && !isLost) throw error
    const last = await lastOf(tenant, send)
    if (last?.message.kind === 'intent') return standing(last, isLost)
    if (attempt >= TRIES) throw error
    return write(tenant, send, attempt + 1, last?.sequence ?? 0)
  }
  const write = async (tenant: TenantId, send: Send, attempt = 1, expected = 0): Promise<Intent> => {
    try {
      const { sequence, duplicate } = await publish(tenant, { ...send, kind: 'intent', owner }, expected)
      return duplicate ? { outcome: 'refused' } : { outcome: 'written', sequence }
    } catch (error) {
      return afterRefusal(tenant, send, attempt, error)
    }
  }
  return {
    write: (tenant, send) => write(tenant, send),
    withdraw: async (tenant, send, sequence) => {
      try {
        await publish(tenant, { ...send, kind: 'withdrawn', owner, intentSequence: sequence }, sequence)
      } catch (error) {
        // The ledger has given it up meanwhile, or NATS is away: then it stays an intent, and nobody sends it again.
        if (!(error instanceof WrongLastSequence) && !(error instanceof NatsUnavailable)) throw error
      }
    },
  }
}
