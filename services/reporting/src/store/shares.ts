// The links to reports that nobody revoked.
import type { CampaignId, ShareId } from '@peyk/contracts'
import type { ReadModelDatabase } from '@peyk/read-model'

export interface Share {
  readonly key: string
  readonly expiresAt: string
}

export const sharesQuery = (
  database: ReadModelDatabase,
): ((id: CampaignId, shareId: ShareId) => Share | undefined) => {
  const find = database.prepare<[number, string], Share>(
    'select key, expires_at as expiresAt from shares where campaign_id = ? and share_id = ?',
  )
  return (id, shareId) => find.get(id, shareId)
}
