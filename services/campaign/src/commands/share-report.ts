// Links that open a report without a login.
import { createHmac, randomBytes } from 'node:crypto'

import {
  type CampaignId,
  sharedReportUrl,
  type ShareId,
  shareIdSchema,
  type ShareReply,
  signedShareText,
} from '@peyk/contracts'
import { ProblemError } from '@peyk/service-kit'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import { handleCampaign, loadCampaign } from './campaigns.ts'
import type { Actor, CommandContext } from './context.ts'

const KEY_BYTES = 32

/** The same command gives the same link: what stands in the event is told, not what was proposed. */
export const shareReport = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
  goodForMs: number,
): Promise<{ row: CampaignRow; share: ShareReply }> => {
  const now = Date.now()
  const shareId = shareIdSchema.parse(actor.commandId.replaceAll('-', ''))
  const share = {
    shareId,
    key: randomBytes(KEY_BYTES).toString('base64'),
    expiresAt: new Date(now + goodForMs).toISOString(),
  }
  const row = await handleCampaign(context, actor, id, {
    type: 'ShareReport',
    data: { share, now: new Date(now).toISOString() },
  })
  const stored = (await loadCampaign(context, id))?.campaign.details.shares.find(
    (each) => each.shareId === shareId,
  )
  // Revoked by somebody else in between.
  if (stored === undefined) throw new ProblemError('conflict')
  const { expiresAt } = stored
  const signature = createHmac('sha256', Buffer.from(stored.key, 'base64'))
    .update(signedShareText(id, shareId, expiresAt))
    .digest('base64url')
  return { row, share: { id: shareId, url: sharedReportUrl(id, shareId, signature), expiresAt } }
}

export const revokeShares = (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
  shareId: ShareId | undefined,
): Promise<CampaignRow> => handleCampaign(context, actor, id, { type: 'RevokeShares', data: { shareId } })
