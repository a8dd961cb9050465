/**
 * The port to WhatsApp. A `Connection` is one socket of one session: it links or logs in, sends, tells what
 * happens, and ends. It never reconnects by itself: the session above it decides, by the cause of `closed`.
 *
 * Phones are digits of E.164 without the plus (`989123456789`), as everywhere in Peyk; LIDs are the digits alone too.
 */

/** Opens connections. A process has one channel. */
export interface Channel {
  /** Opens one connection; what becomes of it arrives through `onEvent`. */
  open(options: OpenOptions): Connection
}

export interface OpenOptions {
  readonly credentials: CredentialStore
  /** Names the session in logs: random or masked, never a phone number. */
  readonly sessionLabel: string
  /** How to link when the store holds no linked credentials; without it such an open ends as `logged_out`. */
  readonly link?: LinkMethod
  /** Receives every event in order; must not throw. `closed` comes once and is the last. */
  readonly onEvent: (event: ConnectionEvent) => void
  /** The content of an earlier message, for a recipient whose device asks for it again. */
  readonly recall?: (messageId: string) => Promise<MessageContent | undefined>
  readonly log: ChannelLog
}

/** The method of linking a phone: a QR code on the screen, or a code typed into the phone. */
export type LinkMethod = { readonly method: 'qr' } | { readonly method: 'code'; readonly phone: string }

/** The part of a logger that a channel needs (pino's shape). It gets labels, states and codes only. */
export interface ChannelLog {
  debug(fields: Record<string, unknown>, message: string): void
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
}

/**
 * Where the keys of a session live. Names such as `creds` or `session|989..` may hold phone numbers: the store
 * hashes them. A write has happened, durably and as one, when its promise resolves; it throws
 * `CredentialsFencedError` when somebody else owns the session, and any other error when it could not store. A
 * connection has one write in flight at a time, and none after one that failed.
 */
export interface CredentialStore {
  read(names: readonly string[]): Promise<Map<string, Uint8Array>>
  /** `null` deletes a record. */
  write(records: ReadonlyMap<string, Uint8Array | null>): Promise<void>
}

/** Another process owns the session now: the store refused the write. */
export class CredentialsFencedError extends Error {
  override readonly name = 'CredentialsFencedError'
}

export type ConnectionEvent =
  | { readonly type: 'connecting' }
  /** A QR to scan; a new one replaces it. It links an account: show it to those who may link, store it nowhere. */
  | { readonly type: 'qr'; readonly text: string; readonly pngDataUrl: string; readonly expiresAt: Date }
  | { readonly type: 'pairing_code'; readonly code: string }
  /** The phone accepted us and the credentials are stored. WhatsApp ends this socket: open the next one. */
  | { readonly type: 'linked'; readonly phone: string; readonly lid: string | undefined }
  | { readonly type: 'open'; readonly phone: string }
  | ReceiptEvent
  | ReplyEvent
  | ClosedEvent

/** What became of messages, by their ids alone: receipts may be addressed by LID. They may repeat and overtake. */
export interface ReceiptEvent {
  readonly type: 'receipt'
  readonly messageIds: readonly string[]
  /** `sent`: the own phone or a late ack says that WhatsApp has it. */
  readonly state: 'sent' | 'delivered' | 'read' | 'played'
  readonly at: Date
}

/**
 * Somebody wrote to this number. At least one of `phone` and `lid` is known. After a reconnect it may be told again,
 * with the same `messageId`.
 */
export interface ReplyEvent {
  readonly type: 'reply'
  readonly messageId: string
  readonly phone: string | undefined
  readonly lid: string | undefined
  /** Empty when the message carries no text (a voice note, a sticker). */
  readonly text: string
  readonly quotedMessageId: string | undefined
  readonly at: Date
}

export interface ClosedEvent {
  readonly type: 'closed'
  readonly cause: DisconnectCause
  /** WhatsApp's own number, where there is one. */
  readonly code?: number
  /** Plain words for a user, without personal data. */
  readonly detail?: string
  /** When a ban or a pause ends, if WhatsApp said so. */
  readonly until?: Date
}

export type DisconnectCause =
  /** 515: reconnect at once. */
  | 'restart_required'
  /** 428, 408, 503, 500 and whatever is not known: back off. */
  | 'connection_lost'
  /** 440: another socket of this session. */
  | 'replaced'
  /** 401: the credentials are worth nothing; wipe them and link again. */
  | 'logged_out'
  /** 403, 402, 406: banned or locked. */
  | 'banned'
  /** 405: the client version is too old; the next open asks for the newest. */
  | 'outdated'
  /** 429 */
  | 'rate_limited'
  /** Nobody scanned. */
  | 'qr_expired'
  /** The phone or WhatsApp refused to link, see `detail`. */
  | 'pairing_refused'
  /** The server could not prove that it is WhatsApp. */
  | 'untrusted_server'
  /** `close()` was called. */
  | 'stopped'
  /** The store refused a write: another process owns the session. */
  | 'fenced'
  /** A write to the store failed: no persistence, no socket. */
  | 'store_failed'

export interface Connection {
  /** The linked number, from `linked` or `open` on. */
  readonly selfNumber: string | undefined
  /**
   * Looks up the devices of many recipients at once, which makes the sends of the next five minutes cheap. May
   * reject: those sends then look up by themselves.
   */
  warm(phones: readonly string[]): Promise<void>
  /**
   * Uploads an attachment once; the result can be sent to any number of recipients of this session. Rejects with
   * MediaUploadError.
   */
  uploadMedia(media: MediaFile): Promise<PreparedMedia>
  /** Sends one message. Never rejects: the result says what is known about its fate. */
  send(request: SendRequest): Promise<SendResult>
  /** What WhatsApp allows this number towards people it has never written to. */
  newContactLimits(): Promise<NewContactLimits>
  /** Takes the device out of the phone's list and ends (`logged_out`). Rejects when there is no open socket. */
  logout(): Promise<void>
  /** Ends the socket; resolves when `closed` was told and nothing is left. Safe to call twice. */
  close(): Promise<void>
}

/** What a recipient gets: a text, or an attachment with the text as its caption. */
export interface MessageContent {
  readonly text: string
  readonly media?: PreparedMedia
}

export interface SendRequest extends MessageContent {
  readonly messageId: string
  readonly phone: string
  /** Shows "typing" to the recipient for so long before the message. */
  readonly composingMs?: number
  /** Asked last, when all is ready to go; `false` ends as `not_handed_over: gate_shut`. */
  readonly beforeHandOver?: () => boolean | Promise<boolean>
  /** Ends a send that was not handed over yet; it has no effect after. */
  readonly signal?: AbortSignal
}

/** The fate of a send. Only `no_ack` leaves it open; after `not_handed_over` it is sure that nothing went out. */
export type SendResult =
  | { readonly outcome: 'sent'; readonly at: Date }
  | { readonly outcome: 'not_on_whatsapp' }
  | { readonly outcome: 'failed'; readonly reason: FailureReason; readonly code?: number }
  | { readonly outcome: 'not_handed_over'; readonly reason: NotHandedOverReason }
  /** Handed over, but no ack came in time or the socket ended. */
  | { readonly outcome: 'no_ack' }

export type FailureReason =
  /** 463: this number may not write to new people now; never retry. */
  | 'reach_out_locked'
  | 'rejected'
  | 'rate_limited'
  | 'media_failed'
  /** The recipient exists, but no device of theirs has keys to encrypt for. */
  | 'no_device'
  | 'internal'

export type NotHandedOverReason =
  | 'not_open'
  | 'connection_closed'
  | 'timed_out'
  | 'aborted'
  | 'gate_shut'
  /** WhatsApp limits the look-ups of this number: let it rest. */
  | 'rate_limited'
  | 'lookup_failed'

export interface MediaFile {
  readonly kind: 'image' | 'video' | 'document'
  readonly content: Uint8Array
  readonly mimeType: string
  /** What the recipient sees of a document. */
  readonly fileName: string
}

/** The attachment could not be read or uploaded. */
export class MediaUploadError extends Error {
  override readonly name = 'MediaUploadError'
}

/** An uploaded attachment; opaque bytes, so that it can be kept. Upload again after `expiresAt`. */
export interface PreparedMedia {
  readonly kind: MediaFile['kind']
  readonly content: Uint8Array
  readonly expiresAt: Date
}

/** Absent fields are not known: WhatsApp does not tell them to every account. */
export interface NewContactLimits {
  readonly timelockedUntil?: Date
  readonly newChatCap?: number
  readonly newChatUsed?: number
}
