// Who may send a message (SPEC L1, L1a): an intent on a subject of its own, which is there once.
import { type IntentMessage, intentMessageSchema, type Send, subjects, type TenantId } from '@peyk/contracts'
import { lastMessageOf, type Nats, NatsUnavailable, type Publisher, WrongLastSequence } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'
import { setTimeout as sleep } from 'node:timers/promises'

import { storeDurably, untilDone } from '../outcomes/store-durably.ts'

const STREAM = 'OUTCOMES'
const LOOK_AGAIN_MS = 200

export interface Intents {
  /** Stores the intent and answers its sequence; undefined when somebody has sent this message or may have. */
  claim(tenant: TenantId, send: Send): Promise<number | undefined>
  /** Nothing was handed over: the message may be sent by whoever comes next. */
  withdraw(tenant: TenantId, send: Send, intentSequence: number): Promise<void>
}

export interface IntentsOptions {
  readonly nats: Nats
  readonly publisher: Publisher
  /** Random, one a process. */
  readonly owner: string
  readonly log: Log
  /** Aborts when the process gives up. */
  readonly signal: AbortSignal
}

export const createIntents = (options: IntentsOptions): Intents => {
  const { nats, publisher, owner, log, signal } = options

  /** undefined: refused, or not known. */
  const tryToStore = async (subject: string, intent: IntentMessage, expected: number) => {
    try {
      return await publisher.publish(subject, intent, { expectedLastSubjectSequence: expected })
    } catch (error) {
      if (error instanceof WrongLastSequence || error instanceof NatsUnavailable) return undefined
      throw error
    }
  }

  return {
    claim: async (tenant, send) => {
      const subject = subjects.intent(tenant, send.messageId)
      const intent: IntentMessage = { ...send, kind: 'intent', owner }
      for (let expected = 0; ;) {
        const stored = await tryToStore(subject, intent, expected)
        if (stored !== undefined) return stored.duplicate ? undefined : stored.sequence
        const last = await untilDone('read intent', () => lastMessageOf(nats, STREAM, subject), {
          signal,
          log,
        })
        const lastSequence = last?.sequence ?? 0
        const there = last && intentMessageSchema.parse(last.json())
        // `at` tells this try from an earlier one of this process, which may have handed something over.
        if (there?.kind === 'intent')
          return there.owner === owner && there.at === send.at ? lastSequence : undefined
        // Not there (yet): the same again, it is stored once at most.
        if (lastSequence === expected) await sleep(LOOK_AGAIN_MS, undefined, { signal })
        expected = lastSequence
      }
    },
    withdraw: async (tenant, send, intentSequence) => {
      const withdrawn: IntentMessage = { ...send, kind: 'withdrawn', owner, intentSequence }
      try {
        await storeDurably(
          publisher,
          {
            subject: subjects.intent(tenant, send.messageId),
            payload: withdrawn,
            id: `${send.messageId}.withdrawn.${intentSequence}`,
            expectedLastSubjectSequence: intentSequence,
          },
          { signal, log },
        )
      } catch (error) {
        // Something stands after our intent: our own withdrawal, stored before the answer got lost for long.
        if (!(error instanceof WrongLastSequence)) throw error
        log.warn({ messageId: send.messageId }, 'withdrawal_refused')
      }
    },
  }
}
