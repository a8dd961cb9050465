// A12 and G10: nothing sends by itself after OUTCOMES was lost.
import type { Epoch } from '@peyk/contracts'

import type { CampaignRow, LedgerModel } from '../ledger/model.ts'
import type { OutcomeWriter } from '../ledger/outcome-writer.ts'
import type { SystemCommands } from './commands.ts'

export interface StateLossOptions {
  readonly model: LedgerModel
  readonly writer: OutcomeWriter
  readonly commands: SystemCommands
}

/**
 * Compares every open run with the epoch of OUTCOMES today: a run of another epoch is paused, and what was dispatched
 * in another one without an outcome becomes unconfirmed. Done twice it changes nothing.
 */
export const recordStateLoss = async (options: StateLossOptions, epoch: Epoch): Promise<void> => {
  for (const row of options.model.campaignsIn(['RUNNING', 'PAUSED', 'FAILED'])) {
    if (row.status === 'RUNNING' && row.epoch !== epoch)
      await options.commands.campaign(row.tenant, row.campaignId, {
        type: 'PauseCampaign',
        data: { reason: 'stateLost' },
      })
    if (row.dispatchEpoch !== undefined && row.dispatchEpoch !== epoch) await recordLoss(options, row, epoch)
  }
}

const recordLoss = ({ model, writer }: StateLossOptions, { campaignId }: CampaignRow, epoch: Epoch) =>
  writer.append(campaignId, (row) => {
    if (row.dispatchEpoch === epoch) return undefined
    const lost = model.openPositions(campaignId, row.dispatchedTo).length
    const totals = { ...row.totals }
    totals.pending -= lost
    totals.unconfirmed += lost
    return {
      type: 'OutcomesLost',
      data: { epoch, toPosition: row.dispatchedTo, at: new Date().toISOString(), totals },
    }
  })
