// A report that has a bit of everything, for tests of pages and files.
import { campaignIdSchema, type ReportReply, reportReplySchema, totalsOfPending } from '@peyk/contracts'

import type { Timeline } from '../store/timeline.ts'
import { at, sessionId } from './events.ts'

export const reportWith = (campaign: Partial<ReportReply['campaign']> = {}): ReportReply =>
  reportReplySchema.parse({
    campaign: {
      id: campaignIdSchema.parse(7),
      title: 'جشنواره‌ی نوروز',
      message: 'سلام {{name}}\nعید شما مبارک',
      status: 'COMPLETED',
      progress: { total: 1_250, sent: 1_100, failed: 150, delivered: 980 },
      interval: '10s',
      sendType: 'immediate',
      scheduledAt: null,
      timezone: 'Asia/Tehran',
      sessionId,
      createdAt: '2024-03-19T08:00:00.000Z',
      startedAt: '2024-03-19T20:00:00.000Z',
      completedAt: '2024-03-20T20:40:00.000Z',
      ...campaign,
    },
    report: { status: 'COMPLETED', totalSent: 1_100, totalFailed: 150, reportUrl: '/api/campaigns/7/report' },
    totals: {
      ...totalsOfPending(0),
      sent: 120,
      delivered: 480,
      read: 460,
      replied: 40,
      failed: 30,
      skipped: 100,
      unconfirmed: 20,
    },
    rates: { delivered: 0.8909, read: 0.4545, replied: 0.0364 },
    speed: { firstSentAt: at(0), lastSentAt: at(40), perHour: 352.4 },
    reasons: [
      { state: 'skipped', reason: 'not_on_whatsapp', count: 100 },
      { state: 'failed', reason: 'reach_out_locked', count: 30 },
      { state: 'unconfirmed', reason: 'no_ack', count: 20 },
    ],
    numbers: [{ sessionId, number: '98912***0000', sent: 1_100 }],
    variants: [{ variant: 1, sent: 1_100 }],
  })

const START_MS = Date.parse('2024-03-19T20:00:00.000Z')
export const someTimeline: Timeline = {
  startMs: START_MS,
  endMs: START_MS + 60 * 1_480_000,
  points: Array.from({ length: 61 }, (_, index) => ({
    atMs: START_MS + index * 1_480_000,
    sent: Math.round(1_100 * Math.min(1, index / 50)),
    delivered: Math.round(980 * Math.min(1, index / 56)),
    read: Math.round((500 * index) / 60),
  })),
}
