// What the feed says. The words are the owner's contract; a test holds these types against @peyk/contracts.

export interface CampaignUpdate {
  readonly id: number
  readonly title: string
  readonly status:
    'DRAFT' | 'READY' | 'SCHEDULED' | 'RUNNING' | 'PAUSED' | 'COMPLETED' | 'CANCELLED' | 'FAILED'
  readonly progress: {
    readonly total: number
    readonly sent: number
    readonly failed: number
    readonly delivered: number
  }
  readonly startedAt: string | null
  readonly completedAt: string | null
  readonly timestamp: string
}

export interface ProgressUpdate {
  readonly progress: { readonly sent: number; readonly total: number; readonly current: string }
  readonly timestamp: string
}

export interface StatusUpdate {
  readonly status:
    | 'connecting'
    | 'scan_qr'
    | 'ready'
    | 'running'
    | 'resting'
    | 'timelocked'
    | 'waiting'
    | 'paused'
    | 'disconnected'
    | 'logged_out'
    | 'banned'
    | 'completed'
    | 'cancelled'
    | 'failed'
  readonly message: string
  readonly timestamp: string
}

export interface ErrorUpdate {
  readonly error: string
  readonly timestamp: string
}

export interface QrCode {
  /** A PNG as a data URL. */
  readonly qrCode: string
  readonly timestamp: string
}

export interface CompletionUpdate {
  readonly report: {
    readonly status: 'COMPLETED' | 'CANCELLED' | 'FAILED'
    readonly totalSent: number
    readonly totalFailed: number
    readonly reportUrl: string
  }
  readonly timestamp: string
}

/** The data of each message type. */
export interface CampaignMessages {
  readonly campaign_update: CampaignUpdate
  readonly progress_update: ProgressUpdate
  readonly status_update: StatusUpdate
  readonly error_update: ErrorUpdate
  readonly qr_code: QrCode
  readonly completion_update: CompletionUpdate
}

/** A message as it arrives. */
export interface CampaignMessage {
  readonly type: string
  readonly campaignId: number
  readonly data: unknown
}

const messageTypes: readonly string[] = [
  'campaign_update',
  'progress_update',
  'status_update',
  'error_update',
  'qr_code',
  'completion_update',
] satisfies readonly (keyof CampaignMessages)[]

/** What the server sends is trusted as far as its type: only the envelope is looked at. */
export const isKnownType = (type: string): type is keyof CampaignMessages => messageTypes.includes(type)

/** Undefined: not a message of this protocol. */
export const parseMessage = (text: string): CampaignMessage | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isMessage(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isMessage = (value: unknown): value is CampaignMessage =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  typeof value.type === 'string' &&
  'campaignId' in value &&
  typeof value.campaignId === 'number'

/** `<epoch>.<seq>.<n>`; undefined of what has no position, or not a whole one. */
export const positionOf = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('epoch' in value && 'seq' in value && 'n' in value)) return undefined
  return `${String(value.epoch)}.${String(value.seq)}.${String(value.n)}`
}
