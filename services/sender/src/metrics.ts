// What the sender measures. No label ever names a phone, a user or a campaign.
import type { Metrics } from '@peyk/service-kit'
import { Counter, Gauge, Histogram } from 'prom-client'

import type { DisconnectCause, FailureReason, SendResult } from './channel/channel.ts'

/** Shown as 0 from the start: a rise from nothing would be none for an alert. */
const sendOutcomes: readonly SendResult['outcome'][] = [
  'sent',
  'not_on_whatsapp',
  'failed',
  'not_handed_over',
  'no_ack',
]
const failureReasons: readonly FailureReason[] = [
  'reach_out_locked',
  'rejected',
  'rate_limited',
  'media_failed',
  'no_device',
  'internal',
]
const worryingCauses: readonly DisconnectCause[] = ['banned', 'logged_out', 'replaced', 'store_failed']

export interface SenderMetrics {
  readonly sends: Counter<'outcome'>
  /** `reach_out_locked` is WhatsApp's 463. */
  readonly sendFailures: Counter<'reason'>
  readonly ackSeconds: Histogram
  readonly queueSeconds: Histogram
  readonly pacingWaitSeconds: Counter
  readonly refusedIntents: Counter
  readonly receipts: Counter<'state'>
  readonly connectionsClosed: Counter<'cause'>
  readonly timelocks: Counter
  readonly sessionInterruptions: Counter
  readonly sessions: Gauge<'state'>
  readonly leases: Gauge
}

export const createSenderMetrics = (metrics: Metrics): SenderMetrics => {
  const all = { ...sendMetrics(metrics), ...sessionMetrics(metrics) }
  for (const outcome of sendOutcomes) all.sends.inc({ outcome }, 0)
  for (const reason of failureReasons) all.sendFailures.inc({ reason }, 0)
  for (const cause of worryingCauses) all.connectionsClosed.inc({ cause }, 0)
  return all
}

type SessionMetrics = Pick<
  SenderMetrics,
  'connectionsClosed' | 'timelocks' | 'sessionInterruptions' | 'sessions' | 'leases'
>

const sendMetrics = (metrics: Metrics): Omit<SenderMetrics, keyof SessionMetrics> => {
  const registers = [metrics]
  return {
    sends: new Counter({
      name: 'peyk_sender_sends_total',
      help: 'Sends by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    sendFailures: new Counter({
      name: 'peyk_sender_send_failures_total',
      help: 'Sends that WhatsApp refused, by reason',
      labelNames: ['reason'],
      registers,
    }),
    ackSeconds: new Histogram({
      name: 'peyk_sender_ack_seconds',
      help: "From the hand-over of a message to WhatsApp's ack",
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'peyk_sender_queue_age_seconds',
      help: 'Age of a job when its message was handed over',
      buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400],
      registers,
    }),
    pacingWaitSeconds: new Counter({
      name: 'peyk_sender_pacing_wait_seconds_total',
      help: 'Time that numbers with a message ready spent waiting for their pacing',
      registers,
    }),
    refusedIntents: new Counter({
      name: 'peyk_sender_refused_intents_total',
      help: 'Jobs that were sent before, or may have been',
      registers,
    }),
    receipts: new Counter({
      name: 'peyk_sender_receipts_total',
      help: 'Receipts by what they say',
      labelNames: ['state'],
      registers,
    }),
  }
}

const sessionMetrics = (metrics: Metrics): SessionMetrics => {
  const registers = [metrics]
  return {
    connectionsClosed: new Counter({
      name: 'peyk_sender_connections_closed_total',
      help: 'Ended connections to WhatsApp by cause',
      labelNames: ['cause'],
      registers,
    }),
    timelocks: new Counter({
      name: 'peyk_sender_timelocks_total',
      help: 'How often WhatsApp locked a number for new contacts',
      registers,
    }),
    sessionInterruptions: new Counter({
      name: 'peyk_sender_session_interruptions_total',
      help: 'Sessions that had to begin again after an error of our own side: lease, credentials, NATS',
      registers,
    }),
    sessions: new Gauge({
      name: 'peyk_sender_sessions',
      help: 'Connections to WhatsApp of this process by state',
      labelNames: ['state'],
      registers,
    }),
    leases: new Gauge({
      name: 'peyk_sender_leases',
      help: 'Sessions whose lease this process holds',
      registers,
    }),
  }
}
