// Links to a report: made by campaign, opened by reporting, both from the key in the link's event.
import type { CampaignId, ShareId } from './ids.ts'

/** What the signature of a link is over: nothing of it can be changed. */
export const signedShareText = (id: CampaignId, shareId: ShareId, expiresAt: string): string =>
  `${id}|${shareId}|${expiresAt}`

export const sharedReportUrl = (id: CampaignId, shareId: ShareId, signature: string): string =>
  `/api/campaigns/${id}/report/shared?key=${shareId}.${signature}`
