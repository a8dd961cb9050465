// The ledger as rows: the state of each recipient, and the totals of the campaign.
import type { CampaignId, OutcomeEvent, RecordedOutcome } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { campaignIdOf } from './stream-id.ts'

export const outcomeProjection = (database: ReadModelDatabase) => {
  const rows = outcomeWriter(database)
  return (recorded: RecordedEvent, { type, data }: OutcomeEvent): void => {
    const id = campaignIdOf(recorded.streamName)
    switch (type) {
      case 'RecipientsDispatched':
        return
      case 'OutcomesRecorded':
        for (const outcome of data.outcomes) rows.record(id, outcome)
        break
      case 'RestSkipped':
        for (const position of data.unconfirmed) rows.unconfirmed(id, position, position)
        rows.skipRest(id)
        break
      case 'OutcomesLost':
        rows.unconfirmed(id, 1, data.toPosition)
    }
    rows.totals(id, JSON.stringify(data.totals))
  }
}

const outcomeWriter = (database: ReadModelDatabase) => {
  const record = database.prepare(
    `update recipients set state = @state, reason = @reason, attempt = @attempt,
       session_id = coalesce(@sessionId, session_id),
       sent_at = case when @attempt > attempt and attempt > 0 then @sentAt else coalesce(sent_at, @sentAt) end,
       delivered_at = coalesce(delivered_at, @deliveredAt),
       read_at = coalesce(read_at, @readAt)
     where campaign_id = @id and position = @position`,
  )
  const unconfirmed = database.prepare(
    `update recipients set state = 'unconfirmed', reason = 'no_ack', attempt = max(attempt, 1)
     where campaign_id = ? and position between ? and ? and state = 'pending'`,
  )
  const skipRest = database.prepare(
    `update recipients set state = 'skipped', reason = 'cancelled' where campaign_id = ? and state = 'pending'`,
  )
  const totals = database.prepare('update campaigns set totals = ? where campaign_id = ?')
  return {
    record: (id: CampaignId, outcome: RecordedOutcome) => {
      const { position, state, reason, attempt, sessionId, at } = outcome
      const reached = (...states: readonly string[]) => (states.includes(state) ? at : null)
      record.run({
        id,
        position,
        state,
        reason: reason ?? null,
        attempt,
        sessionId: sessionId ?? null,
        sentAt: reached('sent', 'delivered', 'read', 'replied'),
        deliveredAt: reached('delivered', 'read', 'replied'),
        readAt: reached('read', 'replied'),
      })
    },
    unconfirmed: (id: CampaignId, from: number, to: number) => unconfirmed.run(id, from, to),
    skipRest: (id: CampaignId) => skipRest.run(id),
    totals: (id: CampaignId, value: string) => totals.run(value, id),
  }
}
