// A campaign that is deleted is gone for everybody, and can be had back for 30 days.
import type { CampaignAccess, CampaignId } from '@peyk/contracts'
import { keys } from '@peyk/contracts'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import { handleCampaign } from './campaigns.ts'
import type { Actor, CommandContext } from './context.ts'

const RESTORABLE_MS = 30 * 24 * 3_600_000

export const deleteCampaign = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
): Promise<CampaignRow> => {
  const restorableUntil = new Date(Date.now() + RESTORABLE_MS).toISOString()
  const row = await handleCampaign(context, actor, id, { type: 'DeleteCampaign', data: { restorableUntil } })
  await context.access.delete(keys.campaignAccess(id))
  return row
}

export const restoreCampaign = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
): Promise<CampaignRow> => {
  const now = new Date().toISOString()
  const row = await handleCampaign(context, actor, id, { type: 'RestoreCampaign', data: { now } })
  const access: CampaignAccess = { campaignId: id, tenant: row.tenant, ownerId: row.ownerId }
  await context.access.put(keys.campaignAccess(id), access)
  return row
}
