// From JetStream to the hub: two ordered feeds for the whole process, and the newest messages of one campaign.
import {
  type CampaignAccess,
  type CampaignId,
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
  readMessages,
  type StoredMessage,
  streamInfo,
  withMessageSpan,
} from '@peyk/messaging'

import { frameOf, type Framed, type Origin, positionedFrameOf } from './frames.ts'
import type { Hub } from './hub.ts'
import type { RealtimeMetrics } from './metrics.ts'
import type { Snapshot, StreamPosition } from './watched.ts'

export interface LiveFeedOptions {
  readonly nats: Nats
  readonly hub: Hub
  readonly metrics: RealtimeMetrics
  readonly log: Log
}

export interface LiveFeed {
  /** Messages that wait to be read. */
  readonly lag: () => number
  /** How far the stored messages were read. */
  readonly position: () => StreamPosition
  /** From here on nothing is missed. */
  readonly ready: Promise<void>
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
      onEpochChange: ({ kind, epoch, lastSequence }) => {
        log.warn({ stream, kind }, 'the feed lost messages; the newest state is shown again')
        if (stream === 'LIVE') return hub.reload({ epoch, sequence: kind === 'shrunk' ? lastSequence : 0 })
        hub.forgetQrs()
      },
      signal,
      log,
    })
  const live = follow('LIVE')
  const feeds = [live, follow('LIVE_QR')]
  return {
    position: () => {
      const { epoch = '', sequence } = live.position()
      return { epoch, sequence }
    },
    ready: Promise.all(feeds.map(({ caughtUp }) => caughtUp)).then(() => undefined),
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
  const framed = framedOf(message, type, campaignId, message.epoch)
  const traceparent = message.headers[headers.traceparent]
  metrics.consumed(framed, traceparent?.split('-')[1])
  if (traceparent === undefined) {
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
  campaignId: CampaignId,
  epoch: string,
): Framed => {
  const { sequence, data } = message
  const expires = message.headers[headers.expires]
  const count = message.headers[headers.liveCount]
  let positioned: Buffer | undefined
  return {
    type,
    sequence,
    count: count === undefined ? undefined : Number(count),
    frame: frameOf(type, campaignId, data),
    positioned: () =>
      (positioned ??= positionedFrameOf(type, campaignId, originOf(message, type, epoch), data)),
    publishedAtMs: message.storedAt.getTime(),
    ...(expires === undefined ? {} : { expiresAt: Date.parse(expires) }),
  }
}

/** A QR has no position: it is of another stream, and never replayed. */
const originOf = (message: StoredMessage, type: LiveMessageType, epoch: string): Origin => {
  const count = message.headers[headers.liveCount]
  const isStored = type !== 'qr_code'
  return {
    seq: isStored ? message.sequence : undefined,
    n: isStored && count !== undefined ? Number(count) : undefined,
    epoch: isStored ? epoch : undefined,
    eventId: message.headers['Nats-Msg-Id'],
    traceparent: message.headers[headers.traceparent],
    at: message.headers[headers.at] ?? message.storedAt.toISOString(),
  }
}

const shown: readonly LiveMessageType[] = ['campaign_update', 'status_update', 'completion_update']
const unshown: readonly LiveMessageType[] = ['progress_update', 'error_update']

/** The newest message of each type that a new client is shown; `position` is the feed's, taken before. */
export const loadSnapshot = async (
  nats: Nats,
  { tenant, campaignId }: CampaignAccess,
  { epoch, sequence: through }: StreamPosition,
): Promise<Snapshot> => {
  const newest = async (stream: string, type: LiveMessageType): Promise<Framed[]> => {
    const message = await lastMessageOf(nats, stream, subjects.live(tenant, campaignId, type))
    return message === undefined ? [] : [framedOf(message, type, campaignId, epoch)]
  }
  const [stored, others, qr] = await Promise.all([
    Promise.all(shown.map((type) => newest('LIVE', type))),
    Promise.all(unshown.map((type) => newest('LIVE', type))),
    newest('LIVE_QR', 'qr_code'),
  ])
  const all = [...stored, ...others].flat()
  const isQuiet = all.every(({ sequence, count }) => sequence <= through && count !== undefined)
  const count = isQuiet ? Math.max(0, ...all.map((message) => message.count ?? 0)) : undefined
  return { messages: [...stored.flat(), ...qr], epoch, through, count }
}

const HISTORY_TIMEOUT_MS = 5_000

/** What a campaign said from a sequence on. */
export const loadHistory = async (
  nats: Nats,
  { tenant, campaignId }: CampaignAccess,
  fromSequence: number,
  limit: number,
): Promise<readonly Framed[]> => {
  const { lastSequence } = await streamInfo(nats, 'LIVE')
  if (fromSequence > lastSequence) return []
  const history: Framed[] = []
  const tooMuch = new AbortController()
  await readMessages(nats, {
    stream: 'LIVE',
    filter: subjects.liveOfCampaign(tenant, campaignId),
    from: { sequence: fromSequence },
    signal: AbortSignal.any([tooMuch.signal, AbortSignal.timeout(HISTORY_TIMEOUT_MS)]),
    onMessage: (message) => {
      if (history.length >= limit) tooMuch.abort(new Error('more was missed than is replayed'))
      const named = parseLiveSubject(message.subject)
      if (named !== undefined) history.push(framedOf(message, named.type, campaignId, message.epoch))
    },
  })
  return history
}
