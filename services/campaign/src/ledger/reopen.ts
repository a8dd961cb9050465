// A retry: who ended badly is pending again, under the next attempt, before any job of it is published (SPEC G12).
import type { RecipientState } from '@peyk/contracts'

import type { CampaignRow, LedgerModel } from './model.ts'
import type { OutcomeWriter } from './outcome-writer.ts'

/** So many positions go into an event: far below the largest that is stored. */
const POSITIONS_AN_EVENT = 10_000

/** Opens everybody whom the retry of this row is for. Interrupted and done again it goes on where it was. */
export const reopenFailed = async (
  { model, writer }: { readonly model: LedgerModel; readonly writer: OutcomeWriter },
  { campaignId, attempt, retryUnconfirmed }: CampaignRow,
): Promise<void> => {
  const states: readonly RecipientState[] = retryUnconfirmed ? ['failed', 'unconfirmed'] : ['failed']
  let isOpen = false
  while (!isOpen)
    await writer.append(campaignId, (row) => {
      isOpen = row.attempt !== attempt || row.reopened >= attempt
      if (isOpen) return undefined
      const positions = model.retryable(campaignId, attempt, states, POSITIONS_AN_EVENT)
      const totals = { ...row.totals, pending: row.totals.pending + positions.length }
      for (const position of positions) totals[model.recipient(campaignId, position)?.state ?? 'failed'] -= 1
      const isLast = positions.length < POSITIONS_AN_EVENT
      return {
        type: 'RecipientsReopened',
        data: { attempt, positions: [...positions], isLast, at: new Date().toISOString(), totals },
      }
    })
}
