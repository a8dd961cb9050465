// A campaign as replies show it: this process' row, with what a command has just led to.
import { type CampaignReply, DEFAULT_TIMEZONE, intervalText } from '@peyk/contracts'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import type { ExistingCampaign } from '../domain/campaign/campaign.ts'
import { dueAtMs } from '../domain/campaign/schedule.ts'

/** A row that the catalogue may not have yet. */
export const rowOfState = (
  campaign: ExistingCampaign,
  revision: bigint,
  known: CampaignRow | undefined,
): CampaignRow => {
  const { details, status } = campaign
  const total = ('run' in campaign ? campaign.run?.total : undefined) ?? details.recipients?.total ?? 0
  return {
    campaignId: details.campaignId,
    tenant: details.tenant,
    ownerId: details.ownerId,
    title: details.title,
    message: details.message,
    status,
    progress: { ...(known?.progress ?? { sent: 0, failed: 0, delivered: 0 }), total },
    intervalMs: details.intervalMs,
    schedule: details.schedule,
    sessionId: details.sessionId,
    createdAt: known?.createdAt ?? new Date().toISOString(),
    startedAt: known?.startedAt,
    completedAt: known?.completedAt,
    restorableUntil: details.restorableUntil,
    revision,
  }
}

export const campaignReply = (row: CampaignRow, defaultIntervalMs: number): CampaignReply => ({
  id: row.campaignId,
  title: row.title,
  message: row.message,
  status: row.status,
  progress: row.progress,
  interval: intervalText(row.intervalMs ?? defaultIntervalMs),
  sendType: row.schedule === undefined ? 'immediate' : 'scheduled',
  scheduledAt: row.schedule === undefined ? null : new Date(dueAtMs(row.schedule)).toISOString(),
  timezone: row.schedule?.timezone ?? DEFAULT_TIMEZONE,
  sessionId: row.sessionId ?? null,
  createdAt: row.createdAt,
  startedAt: row.startedAt ?? null,
  completedAt: row.completedAt ?? null,
})
