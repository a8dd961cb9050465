// What the sender says on OUTCOMES. Everything here is a fact: it is published until it is stored, whoever holds the
// lease by then.
import { type CampaignOutcome, headers, type SessionOutcome, subjects, type TenantId } from '@peyk/contracts'
import type { Publisher } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'

import { storeDurably } from './store-durably.ts'

export interface Outcomes {
  /**
   * Resolves when it is stored. Those of one session are stored in the order of the calls. A state is true only while
   * the session is ours: one that is not stored when `whileOurs` aborts is dropped.
   */
  session(tenant: TenantId, outcome: SessionOutcome, whileOurs?: AbortSignal): Promise<void>
  /** Resolves when it is stored. The same outcome of the same message is stored once. */
  send(tenant: TenantId, outcome: CampaignOutcome, correlationId: string): Promise<void>
  /** Resolves when everything said so far is stored. */
  settled(): Promise<void>
}

export interface OutcomesOptions {
  readonly publisher: Publisher
  readonly log: Log
  /** Aborts when the process gives up. */
  readonly signal: AbortSignal
}

export const createOutcomes = ({ publisher, log, signal }: OutcomesOptions): Outcomes => {
  const queues = new Map<string, Promise<void>>()
  const underWay = new Set<Promise<void>>()
  const track = (work: Promise<void>): Promise<void> => {
    underWay.add(work)
    const forget = () => underWay.delete(work)
    work.then(forget, forget)
    return work
  }
  const afterEarlier = (queue: string, work: () => Promise<void>): Promise<void> => {
    const turn = (queues.get(queue) ?? Promise.resolve()).catch(() => undefined).then(work)
    queues.set(queue, turn)
    const forget = () => queues.get(queue) === turn && queues.delete(queue)
    turn.then(forget, forget)
    return turn
  }
  return {
    session: (tenant, outcome, whileOurs) => {
      const id = crypto.randomUUID()
      const subject = subjects.sessionOutcome(tenant, outcome.sessionId, outcome.kind)
      const until = whileOurs === undefined ? signal : AbortSignal.any([signal, whileOurs])
      const work = async () => {
        if (whileOurs?.aborted === true) return
        await storeDurably(
          publisher,
          { subject, payload: outcome, id, headers: { [headers.at]: outcome.at } },
          { log, signal: until },
        ).catch((error: unknown) => {
          if (whileOurs?.aborted !== true) throw error
        })
      }
      return track(afterEarlier(outcome.sessionId, work))
    },
    send: (tenant, outcome, correlationId) => {
      const work = async () => {
        await storeDurably(
          publisher,
          {
            subject: subjects.campaignOutcome(tenant, outcome.campaignId, outcome.kind),
            payload: outcome,
            id: `${outcome.messageId}.${outcome.kind}`,
            headers: { [headers.at]: outcome.at, [headers.correlationId]: correlationId },
          },
          { log, signal },
        )
      }
      return track(work())
    },
    settled: async () => {
      await Promise.allSettled([...underWay])
    },
  }
}
