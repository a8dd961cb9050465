// What the live feed of one campaign has told so far. Pure: messages and the state of the connection in, figures out.
import type { CampaignMessages, CampaignUpdate, CompletionUpdate, ErrorUpdate } from '@peyk/client'
import type { CampaignStatus, FeedStatus, OutcomeReason } from '@peyk/contracts'

/** `refused`: it will not be tried again. */
export type Link = 'connecting' | 'live' | 'reconnecting' | 'refused'

export interface FeedError {
  readonly number: string
  readonly reason: OutcomeReason | 'other'
  readonly at: string
}

export interface FeedState {
  readonly link: Link
  /**
   * True from the first `campaign_update` of this connection, for no other message has all figures; or from the server's
   * word that all that was missed follows, when the figures were whole before.
   */
  readonly isCurrent: boolean
  readonly status: CampaignStatus | undefined
  readonly progress: CampaignUpdate['progress'] | undefined
  /** The number that was written to last. */
  readonly current: string | undefined
  readonly word: { readonly status: FeedStatus; readonly at: string } | undefined
  /** The newest first. */
  readonly errors: readonly FeedError[]
  readonly qr: { readonly image: string; readonly receivedAtMs: number } | undefined
  readonly completion: CompletionUpdate['report'] | undefined
  /** When the figures were told, by the server's clock. */
  readonly toldAt: string | undefined
  /** Sent so far at a few moments of the last minute, for the speed. */
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly atMs: number
  readonly sent: number
}

/** A message of the feed, of any type. */
export type FeedMessage = {
  [Type in keyof CampaignMessages]: { readonly type: Type; readonly data: CampaignMessages[Type] }
}[keyof CampaignMessages]

export type FeedEvent =
  | { readonly type: 'opened' }
  | { readonly type: 'resumed'; readonly recovered: boolean }
  | { readonly type: 'lost' }
  | { readonly type: 'refused' }
  | { readonly type: 'told'; readonly message: FeedMessage; readonly atMs: number }

/** All that one picture of the screen has to show. */
export const reduceFeed = (state: FeedState, events: readonly FeedEvent[]): FeedState =>
  events.reduce(feedReducer, state)

export const initialFeed: FeedState = {
  link: 'connecting',
  isCurrent: false,
  status: undefined,
  progress: undefined,
  current: undefined,
  word: undefined,
  errors: [],
  qr: undefined,
  completion: undefined,
  toldAt: undefined,
  samples: [],
}

const MAX_ERRORS = 50
const SPEED_WINDOW_MS = 60_000
/** Timestamps are in whole seconds. */
const MIN_SPAN_MS = 3_000

export const feedReducer = (state: FeedState, event: FeedEvent): FeedState => {
  switch (event.type) {
    case 'opened':
      return { ...state, link: 'live', isCurrent: false }
    case 'resumed':
      return { ...state, isCurrent: event.recovered && state.progress !== undefined }
    case 'lost':
      return { ...state, link: 'reconnecting', isCurrent: false, qr: undefined }
    case 'refused':
      return { ...state, link: 'refused', isCurrent: false, qr: undefined }
    case 'told':
      return told(state, event.message, event.atMs)
  }
}

const told = (state: FeedState, message: FeedMessage, atMs: number): FeedState => {
  switch (message.type) {
    case 'campaign_update': {
      const { status, progress, timestamp } = message.data
      const samples = sampled(state.samples, timestamp, progress.sent, status)
      return { ...state, isCurrent: true, status, progress, toldAt: timestamp, samples }
    }
    case 'progress_update': {
      const { progress, timestamp } = message.data
      const known = state.progress ?? { total: progress.total, sent: 0, failed: 0, delivered: 0 }
      return {
        ...state,
        progress: { ...known, total: progress.total, sent: progress.sent },
        current: progress.current,
        toldAt: timestamp,
        samples: sampled(state.samples, timestamp, progress.sent, state.status),
      }
    }
    case 'status_update': {
      const { status, timestamp } = message.data
      const isLinked = status === 'ready' || status === 'running'
      return { ...state, word: { status, at: timestamp }, qr: isLinked ? undefined : state.qr }
    }
    case 'error_update':
      return { ...state, errors: [errorOf(message.data), ...state.errors].slice(0, MAX_ERRORS) }
    case 'qr_code':
      return { ...state, qr: { image: message.data.qrCode, receivedAtMs: atMs } }
    case 'completion_update':
      return { ...state, completion: message.data.report, toldAt: message.data.timestamp }
  }
}

/** The moments of the last minute, by the server's clock: what was missed arrives all at once. A pause begins them anew. */
const sampled = (
  samples: readonly Sample[],
  timestamp: string,
  sent: number,
  status: CampaignStatus | undefined,
): readonly Sample[] => {
  if (status !== undefined && status !== 'RUNNING') return []
  const atMs = Date.parse(timestamp)
  // Of a second the last one is enough: timestamps are no finer, and a busy feed would leave thousands.
  const kept = samples.filter(
    (sample) => sample.atMs > atMs - SPEED_WINDOW_MS && sample.atMs !== atMs && sample.sent <= sent,
  )
  return [...kept, { atMs, sent }]
}

/** Messages a second over the last minute; undefined until there is something to tell it by. */
export const speedOf = ({ samples }: FeedState): number | undefined => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < MIN_SPAN_MS) return undefined
  const speed = ((last.sent - first.sent) * 1_000) / (last.atMs - first.atMs)
  return speed > 0 ? speed : undefined
}

/** The words of the feed for each reason: the contract has the sentence only. */
const reasons: Readonly<Record<string, OutcomeReason>> = {
  'The recipient does not want messages': 'opted_out',
  'Invalid phone number': 'not_on_whatsapp',
  'The number is in the list twice': 'duplicate',
  'The recipient was written to recently': 'recently_contacted',
  'The campaign was cancelled': 'cancelled',
  'WhatsApp does not allow this number to write to new contacts now': 'reach_out_locked',
  'WhatsApp refused the message': 'rejected',
  'The attachment could not be sent': 'media_failed',
  'The recipient has no device that can receive it': 'no_device',
  'Something went wrong on our side': 'internal',
  'WhatsApp did not confirm it; it may have arrived': 'no_ack',
}

const errorOf = ({ error, timestamp }: ErrorUpdate): FeedError => {
  const [, number = '', sentence = ''] = /^Failed to send message to ([^:]*): (.*)$/s.exec(error) ?? []
  return { number, reason: reasons[sentence] ?? 'other', at: timestamp }
}
