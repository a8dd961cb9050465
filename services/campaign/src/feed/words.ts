// The words of the feed: what a status says, and why a message did not reach its recipient.
import {
  type CampaignStatus,
  type FeedStatus,
  INVALID_NUMBER_TEXT,
  type OutcomeReason,
  type PauseReason,
  READY_MESSAGE,
  type SessionOutcome,
} from '@peyk/contracts'

export interface StatusWords {
  readonly status: FeedStatus
  readonly message: string
}

/** Undefined for what is no status: a receipt. */
export const sessionWords = (outcome: SessionOutcome): StatusWords | undefined => {
  switch (outcome.kind) {
    case 'receipt':
      return undefined
    case 'connecting':
      return { status: 'connecting', message: 'Connecting to WhatsApp' }
    case 'scan_qr':
      return { status: 'scan_qr', message: 'Scan the QR code with WhatsApp on the phone' }
    case 'ready':
      return { status: 'ready', message: READY_MESSAGE }
    case 'timelocked':
      return { status: 'timelocked', message: withUntil('WhatsApp allows no new contacts', outcome.until) }
    case 'resting':
      return { status: 'resting', message: withUntil('The number rests', outcome.until) }
    case 'disconnected':
      return { status: 'disconnected', message: 'WhatsApp is disconnected; it connects again by itself' }
    case 'logged_out':
      return { status: 'logged_out', message: 'The phone has removed this device; link the number again' }
    case 'banned':
      return { status: 'banned', message: 'WhatsApp has banned or locked this number' }
  }
}

const withUntil = (text: string, until: string | undefined): string =>
  until === undefined ? text : `${text} until ${until}`

export const waitingWords: StatusWords = {
  status: 'waiting',
  message: 'The campaign waits: no WhatsApp number is linked to it',
}

const pauseWords: Record<PauseReason, string> = {
  user: 'Campaign paused',
  stateLost:
    'Paused: records of sends were lost; what is unconfirmed will not be sent again. Resume when you have checked',
  autoPause: 'Paused: too many messages failed in a row',
  halt: 'Paused: all sending was halted',
}
export const pausedWords = (reason: PauseReason): StatusWords => ({
  status: 'paused',
  message: pauseWords[reason],
})

/** What a campaign's change of state says; undefined for states that the feed has no word for. */
export const campaignWords = (status: CampaignStatus): StatusWords | undefined => {
  switch (status) {
    case 'RUNNING':
      return { status: 'running', message: 'Campaign is running' }
    case 'PAUSED':
      return { status: 'paused', message: 'Campaign paused' }
    case 'COMPLETED':
      return { status: 'completed', message: 'Campaign completed' }
    case 'CANCELLED':
      return { status: 'cancelled', message: 'Campaign cancelled' }
    case 'FAILED':
      return { status: 'failed', message: 'Every WhatsApp number of the campaign is banned or logged out' }
    case 'DRAFT':
    case 'READY':
    case 'SCHEDULED':
      return undefined
  }
}

const reasonWords: Record<OutcomeReason, string> = {
  opted_out: 'The recipient does not want messages',
  not_on_whatsapp: INVALID_NUMBER_TEXT,
  invalid_number: INVALID_NUMBER_TEXT,
  duplicate: 'The number is in the list twice',
  recently_contacted: 'The recipient was written to recently',
  cancelled: 'The campaign was cancelled',
  reach_out_locked: 'WhatsApp does not allow this number to write to new contacts now',
  rejected: 'WhatsApp refused the message',
  media_failed: 'The attachment could not be sent',
  no_device: 'The recipient has no device that can receive it',
  internal: 'Something went wrong on our side',
  no_ack: 'WhatsApp did not confirm it; it may have arrived',
}
export const reasonText = (reason: OutcomeReason | undefined): string => reasonWords[reason ?? 'internal']
