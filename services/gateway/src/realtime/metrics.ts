// What operators see of the live feed. No label names a user, a campaign or a number.
import { liveMessageTypes, type LiveMessageType } from '@peyk/contracts'
import type { Metrics } from '@peyk/service-kit'
import { Counter, Gauge, Histogram } from 'prom-client'

import type { Framed } from './frames.ts'

export type UpgradeResult =
  | 'accepted'
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'origin'
  | 'capacity'
  | 'unavailable'
  | 'timeout'
  | 'draining'
  | 'aborted'

export type RealtimeMetrics = ReturnType<typeof connectionMetrics> & ReturnType<typeof messageMetrics>

export interface RealtimeState {
  readonly version: string
  readonly clients: () => Iterable<{ readonly isV2: boolean; readonly waitingBytes: number }>
  readonly campaigns: () => number
  readonly isNatsConnected: () => boolean
  readonly lag: () => number
}

const PREFIX = 'ws_gateway_'

const makers = (metrics: Metrics) => {
  const registers = [metrics]
  return {
    counter: <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
      new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers }),
    gauge: (name: string, help: string) => new Gauge({ name: `${PREFIX}${name}`, help, registers }),
    histogram: <Label extends string>(
      name: string,
      help: string,
      buckets: number[],
      ...labelNames: Label[]
    ) => new Histogram({ name: `${PREFIX}${name}`, help, buckets, labelNames, registers }),
  }
}

export const createRealtimeMetrics = (metrics: Metrics): RealtimeMetrics => ({
  ...connectionMetrics(metrics),
  ...messageMetrics(metrics),
})

const connectionMetrics = (metrics: Metrics) => {
  const { counter, gauge, histogram } = makers(metrics)
  const opened = counter('connections_opened_total', 'Live connections that were opened')
  const closed = counter('connections_closed_total', 'Live connections that ended', 'code', 'initiator')
  const upgrades = counter('upgrades_total', 'Upgrade requests by result', 'result')
  const upgradeSeconds = histogram(
    'upgrade_duration_seconds',
    'From the upgrade request to its answer',
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  )
  const received = counter('messages_received_total', 'Messages from clients', 'kind')
  const errors = counter('errors_total', 'Errors of connections', 'kind')
  const slow = counter('slow_consumer_disconnects_total', 'Clients closed because they were behind')
  const roundTrip = histogram(
    'client_round_trip_seconds',
    'From a ping to its pong',
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 15],
  )
  const pongTimeouts = counter('pong_timeouts_total', 'Clients that did not answer a ping')
  const draining = gauge('draining', '1 while connections are being drained')
  return {
    opened: () => opened.inc(),
    closed: (code: number, byServer: boolean) =>
      closed.inc({ code: String(code), initiator: byServer ? 'server' : 'client' }),
    upgrade: (result: UpgradeResult, seconds: number) => {
      upgrades.inc({ result })
      upgradeSeconds.observe(seconds)
    },
    received: (kind: 'pong' | 'unknown' | 'binary' | 'excess') => received.inc({ kind }),
    error: (kind: string) => errors.inc({ kind }),
    slow: () => slow.inc(),
    roundTrip: (seconds: number) => roundTrip.observe(seconds),
    pongTimeout: () => pongTimeouts.inc(),
    draining: () => draining.set(1),
  }
}

const messageMetrics = (metrics: Metrics) => {
  const { counter, gauge, histogram } = makers(metrics)
  const consumed = counter('messages_consumed_total', 'Messages read from the feed', 'type')
  const sent = counter('messages_sent_total', 'Messages written to clients', 'type')
  const sentBytes = counter('sent_bytes_total', 'Bytes written to clients')
  const conflated = counter(
    'messages_conflated_total',
    'Messages replaced by a newer one for a slow client',
    'type',
  )
  const dropped = counter('messages_dropped_total', 'Messages that no client got', 'type', 'reason')
  const resumes = counter('resumes_total', 'Clients that came back with a position', 'result')
  const resets = counter('consumer_resets_total', 'New consumers of the feed', 'reason')
  const lastActivity = gauge('consumer_last_activity_timestamp_seconds', 'When the feed was last read')
  const delivery = new Histogram({
    name: `${PREFIX}delivery_duration_seconds`,
    help: 'From the publication of a message to its write to clients',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    labelNames: ['type'],
    registers: [metrics],
    enableExemplars: true,
  })
  const frames = histogram(
    'flush_frames',
    'Messages that were joined into one write',
    [1, 2, 4, 8, 16, 64, 256],
  )
  const subscribers = histogram(
    'fanout_subscribers',
    'Clients that a write went to',
    [1, 10, 100, 1_000, 10_000],
  )
  for (const type of liveMessageTypes) sent.inc({ type }, 0)
  return {
    /** With the trace that it belongs to, if there is one. */
    consumed: ({ type, publishedAtMs }: Framed, traceId: string | undefined) => {
      consumed.inc({ type })
      lastActivity.setToCurrentTime()
      const exemplar = traceId === undefined ? {} : { trace_id: traceId }
      delivery.observe({
        labels: { type },
        value: Math.max(0, Date.now() - publishedAtMs) / 1_000,
        // prom-client's types take the labels of the metric here; an exemplar has its own.
        exemplarLabels: exemplar as object,
      })
    },
    sent: (messages: readonly Framed[], bytes: number) => {
      for (const { type } of messages) sent.inc({ type })
      sentBytes.inc(bytes)
    },
    conflated: (type: LiveMessageType) => conflated.inc({ type }),
    dropped: (type: LiveMessageType | 'unknown', reason: string) => dropped.inc({ type, reason }),
    flushed: (count: number, watchers: number) => {
      frames.observe(count)
      subscribers.observe(watchers)
    },
    resumed: (recovered: boolean) => resumes.inc({ result: recovered ? 'recovered' : 'snapshot' }),
    reset: (reason: string) => resets.inc({ reason }),
  }
}

/** Gauges that are read when they are scraped. */
export const registerRealtimeState = (metrics: Metrics, state: RealtimeState): void => {
  const registers = [metrics]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `${PREFIX}${name}`,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  new Gauge({
    name: `${PREFIX}connections`,
    help: 'Live connections now',
    labelNames: ['protocol'],
    registers,
    collect() {
      const counts = { plain: 0, v2: 0 }
      for (const { isV2 } of state.clients()) counts[isV2 ? 'v2' : 'plain'] += 1
      for (const [protocol, count] of Object.entries(counts)) this.set({ protocol }, count)
    },
  })
  new Gauge({
    name: `${PREFIX}build_info`,
    help: '1, for its version',
    labelNames: ['version'],
    registers,
  }).set({ version: state.version }, 1)
  gauge('campaigns_active', 'Campaigns that somebody watches', state.campaigns)
  gauge('send_buffer_bytes', 'Bytes that wait in the sockets of all clients', () => waitingBytesOf(state))
  gauge('nats_connected', '1 while NATS is connected', () => (state.isNatsConnected() ? 1 : 0))
  gauge('consumer_lag_messages', 'Messages of the feed that wait to be read', state.lag)
}

const waitingBytesOf = ({ clients }: RealtimeState): number => {
  let sum = 0
  for (const { waitingBytes } of clients()) sum += waitingBytes
  return sum
}
