// The one writer of `outcomes-<id>` (G5): each event is built from the row it is appended after.
import { randomUUID } from 'node:crypto'

import { type CampaignId, eventStreams, type OutcomeEvent } from '@peyk/contracts'
import { type EventStore, WrongRevision } from '@peyk/event-sourcing'

import type { CampaignRow, LedgerModel } from './model.ts'

export interface OutcomeWriter {
  /**
   * Builds an event from the campaign's newest row and appends it at exactly that revision; a conflict is built again.
   * Resolves once the index has the event; false when `build` had nothing to say. One campaign is written by one at a time.
   */
  append(id: CampaignId, build: (row: CampaignRow) => OutcomeEvent | undefined): Promise<boolean>
}

export interface OutcomeWriterOptions {
  readonly store: EventStore
  readonly model: LedgerModel
  /** Resolves when the index has what stands at this position of the event store. */
  readonly indexed: (position: bigint) => Promise<void>
}

const NO_EVENTS = -1

export const createOutcomeWriter = ({ store, model, indexed }: OutcomeWriterOptions): OutcomeWriter => {
  const queues = new Map<CampaignId, Promise<unknown>>()

  const tryAppend = async (id: CampaignId, build: (row: CampaignRow) => OutcomeEvent | undefined) => {
    const row = model.campaign(id)
    const event = row === undefined ? undefined : build(row)
    if (row === undefined || event === undefined) return false
    const expectedRevision = row.outcomesRevision === NO_EVENTS ? 'no-stream' : BigInt(row.outcomesRevision)
    const { position } = await store.append(
      eventStreams.outcomes(id),
      [{ type: event.type, data: event.data, metadata: metadataOf(row) }],
      { expectedRevision },
    )
    await indexed(position)
    return true
  }

  const appendWithRetry = async (id: CampaignId, build: (row: CampaignRow) => OutcomeEvent | undefined) => {
    for (;;) {
      try {
        return await tryAppend(id, build)
      } catch (error) {
        if (!(error instanceof WrongRevision)) throw error
        const head = await store.headOf(eventStreams.outcomes(id))
        if (head !== undefined) await indexed(head.position)
      }
    }
  }

  return {
    append: (id, build) => {
      const before = queues.get(id) ?? Promise.resolve()
      const result = before.catch(() => undefined).then(() => appendWithRetry(id, build))
      queues.set(id, result)
      const forget = () => {
        if (queues.get(id) === result) queues.delete(id)
      }
      result.then(forget, forget)
      return result
    },
  }
}

const metadataOf = (row: CampaignRow): Record<string, unknown> => {
  const commandId = randomUUID()
  return {
    commandId,
    correlationId: row.correlationId ?? commandId,
    causationId: commandId,
    tenant: row.tenant,
    occurredAt: new Date().toISOString(),
  }
}
