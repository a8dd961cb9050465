// The report of a campaign: the same rows always give the same bytes, nothing of the request's moment is in it.
import { type CampaignReply, intervalText, progressOf, type ReportReply, reportUrlOf } from '@peyk/contracts'

import type { ReportedCampaign, ReportedRecipient, ReportingQueries } from '../store/queries.ts'

const DEFAULT_INTERVAL_MS = 10_000
const DEFAULT_TIMEZONE = 'Asia/Tehran'

export const campaignReply = (campaign: ReportedCampaign): CampaignReply => ({
  id: campaign.campaignId,
  title: campaign.title,
  message: campaign.message,
  status: campaign.status,
  progress: progressOf(campaign.totals),
  interval: intervalText(campaign.intervalMs ?? DEFAULT_INTERVAL_MS),
  sendType: 'immediate',
  scheduledAt: null,
  timezone: DEFAULT_TIMEZONE,
  sessionId: campaign.sessionId ?? null,
  createdAt: campaign.createdAt,
  startedAt: campaign.startedAt ?? null,
  completedAt: campaign.completedAt ?? null,
})

export const reportOf = (campaign: ReportedCampaign, queries: ReportingQueries): ReportReply => {
  const { sent, failed, delivered } = progressOf(campaign.totals)
  const { read, replied } = campaign.totals
  const id = campaign.campaignId
  return {
    campaign: campaignReply(campaign),
    report: { status: campaign.status, totalSent: sent, totalFailed: failed, reportUrl: reportUrlOf(id) },
    totals: campaign.totals,
    rates: {
      delivered: shareOf(delivered, sent),
      read: shareOf(read + replied, sent),
      replied: shareOf(replied, sent),
    },
    speed: speedOf(campaign, sent),
    reasons: [...queries.reasons(id)],
    numbers: [...queries.numbers(id)],
    variants: sent === 0 ? [] : [{ variant: 1, sent }],
  }
}

/** To four digits: a report has the same bytes wherever it is made. */
const shareOf = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000

const HOUR_MS = 3_600_000

const speedOf = ({ firstSentAt, lastSentAt }: ReportedCampaign, sent: number): ReportReply['speed'] => {
  const spanMs = Date.parse(lastSentAt ?? '') - Date.parse(firstSentAt ?? '')
  // Between n sends there are n - 1 pauses.
  const perHour = spanMs > 0 && sent > 1 ? Math.round(((sent - 1) / spanMs) * HOUR_MS * 10) / 10 : null
  return { firstSentAt, lastSentAt, perHour }
}

export const recipientReply = (recipient: ReportedRecipient) => ({
  position: recipient.position,
  phone: recipient.spelling,
  name: recipient.name,
  variables: { ...recipient.variables },
  status: recipient.state,
  reason: recipient.reason,
  attempt: recipient.attempt,
  sentAt: recipient.sentAt,
  deliveredAt: recipient.deliveredAt,
  readAt: recipient.readAt,
})

/** Progress as people watch it; `etaAt` follows from the interval and is told only while it runs. */
export const progressReply = (campaign: ReportedCampaign, now: Date) => {
  const { pending, attempted, read, replied, skipped, unconfirmed } = campaign.totals
  const { total, sent, delivered } = progressOf(campaign.totals)
  const leftMs = (pending + attempted) * (campaign.intervalMs ?? DEFAULT_INTERVAL_MS)
  return {
    campaignId: campaign.campaignId,
    status: campaign.status,
    progress: {
      total,
      pending: pending + attempted,
      sent,
      delivered,
      read: read + replied,
      failed: campaign.totals.failed,
      skipped,
      unconfirmed,
    },
    startedAt: campaign.startedAt ?? null,
    completedAt: campaign.completedAt ?? null,
    etaAt: campaign.status === 'RUNNING' ? new Date(now.getTime() + leftMs).toISOString() : null,
  }
}
