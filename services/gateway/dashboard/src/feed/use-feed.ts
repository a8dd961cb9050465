// The live feed of a campaign as the state of a screen.
import { CampaignFeed, type CampaignMessages } from '@peyk/client'
import { useEffect, useReducer } from 'preact/hooks'

import { api, ApiProblem } from '../api.ts'
import { hasToken, userId } from '../session.ts'
import { type FeedEvent, type FeedMessage, type FeedState, initialFeed, reduceFeed } from './feed-state.ts'
import { perFrame } from './frames.ts'

/** Somebody watches: it is tried for as long as the screen is open, and soon. */
const policy = {
  maxReconnectAttempts: Number.POSITIVE_INFINITY,
  reconnectDelayMs: 500,
  maxReconnectDelayMs: 10_000,
  jitter: 0.5,
}
/** The server says `ping` every 30 s: a connection that is quiet for longer is dead, and its figures are old. */
const MAX_SILENCE_MS = 40_000
/** Of a request for a ticket: asking again changes nothing. */
const FINAL_STATUSES: readonly number[] = [400, 401, 403, 404]

export const useFeed = (campaignId: number): FeedState => {
  const [state, dispatch] = useReducer(reduceFeed, initialFeed)
  useEffect(() => {
    const frames = perFrame<FeedEvent>(dispatch)
    const close = openFeed(campaignId, frames.put)
    return () => {
      close()
      frames.stop()
    }
  }, [campaignId])
  return state
}

/** Connects; answers how to end it. */
const openFeed = (campaignId: number, tell: (event: FeedEvent) => void): (() => void) => {
  const feed = new CampaignFeed({
    ...policy,
    url: location.origin,
    campaignId,
    userId: userId(),
    resume: true,
    maxSilenceMs: MAX_SILENCE_MS,
    // A token is long-lived and stays out of addresses: a ticket of one use stands for it.
    ...(hasToken() ? { token: () => api.ticket(campaignId) } : {}),
  })
  feed.on('open', () => tell({ type: 'opened' }))
  feed.on('resumed', ({ recovered }) => tell({ type: 'resumed', recovered }))
  feed.on('close', () => tell({ type: 'lost' }))
  feed.on('stopped', () => tell({ type: 'refused' }))
  feed.on('error', ({ cause }) => {
    if (!(cause instanceof ApiProblem) || !FINAL_STATUSES.includes(cause.status)) return
    feed.close()
    tell({ type: 'refused' })
  })
  for (const type of messageTypes)
    feed.on(type, (data) => tell({ type: 'told', message: { type, data } as FeedMessage, atMs: Date.now() }))
  feed.connect()
  return () => feed.close()
}

const messageTypes: readonly (keyof CampaignMessages)[] = [
  'campaign_update',
  'progress_update',
  'status_update',
  'error_update',
  'qr_code',
  'completion_update',
]
