// From JetStream to the hub: two ordered feeds for the whole process, and the newest messages of one campaign.
import {
  type CampaignAccess,
  headers,
  type LiveMessageType,
  parseLiveSubject,
  subjects,
} from '@peyk/contracts'
import {
  type Feed,
  type FeedMessage,
  lastMessageOf,
  type Log,
  type Nats,
  orderedFeed,
  type StoredMessage,
  withMessageSpan,
} from '@peyk/messaging'

import { frameOf, type Framed } from './frames.ts'
import type { Hub, Snapshot } from './hub.ts'
import type { RealtimeMetrics } from './metrics.ts'

export interface LiveFeedOptions {
  readonly nats: Nats
  readonly hub: Hub
  readonly metrics: RealtimeMetrics
  readonly log: Log
}

export interface LiveFeed {
  /** Messages that wait to be read. */
  readonly lag: () => number
  readonly ended: Promise<void>
}

export const startLiveFeed = (
  { nats, hub, metrics, log }: LiveFeedOptions,
  signal: AbortSignal,
): LiveFeed => {
  const follow = (stream: string): Feed =>
    orderedFeed(nats, {
      stream,
      from: 'new',
      onMessage: (message) => deliver(message, hub, metrics),
      onReset: (reason) => metrics.reset(reason),
      onEpochChange: ({ kind }) => {
        log.warn({ stream, kind }, 'the feed lost messages; the newest state is shown again')
        return hub.reload()
      },
      signal,
      log,
    })
  const feeds = [follow('LIVE'), follow('LIVE_QR')]
  return {
    lag: () => feeds.reduce((sum, feed) => sum + feed.position().lag, 0),
    ended: Promise.all(feeds.map(({ ended }) => ended)).then(() => undefined),
  }
}

/** A message that carries a trace is the end of one: a test send, on its way from the command to the screen. */
const deliver = (message: FeedMessage, hub: Hub, metrics: RealtimeMetrics): void | Promise<void> => {
  const named = parseLiveSubject(message.subject)
  if (named === undefined) {
    metrics.dropped('unknown', 'subject')
    return
  }
  const { campaignId, type } = named
  const framed = framedOf(message, type, campaignId)
  metrics.consumed(framed)
  if (message.headers[headers.traceparent] === undefined) {
    hub.publish(campaignId, framed)
    return
  }
  return withMessageSpan(
    { destination: message.stream, operation: 'process', headers: message.headers },
    (span) => {
      span.updateName('deliver')
      span.setAttribute('peyk.watchers', hub.watchers(campaignId))
      hub.publish(campaignId, framed)
      return Promise.resolve()
    },
  )
}

const framedOf = (
  message: StoredMessage,
  type: LiveMessageType,
  campaignId: CampaignAccess['campaignId'],
): Framed => {
  const expires = message.headers[headers.expires]
  return {
    type,
    sequence: message.sequence,
    frame: frameOf(type, campaignId, message.data),
    publishedAtMs: message.storedAt.getTime(),
    ...(expires === undefined ? {} : { expiresAt: Date.parse(expires) }),
  }
}

const shown = ['campaign_update', 'status_update', 'completion_update'] as const

/** The newest message of each type that a new client is shown. */
export const loadSnapshot = async (nats: Nats, { tenant, campaignId }: CampaignAccess): Promise<Snapshot> => {
  const newest = async (stream: string, type: LiveMessageType): Promise<Framed[]> => {
    const message = await lastMessageOf(nats, stream, subjects.live(tenant, campaignId, type))
    return message === undefined ? [] : [framedOf(message, type, campaignId)]
  }
  const parts = await Promise.all([
    ...shown.map((type) => newest('LIVE', type)),
    newest('LIVE_QR', 'qr_code'),
  ])
  return parts.flat()
}
