/** What each number received and could read: texts, attachments, how often and when. */
import type { Store } from '../store.ts'

/** A message as its recipient reads it. */
export interface ReceivedMessage {
  readonly id: string
  /** The number that wrote it. */
  readonly from: string
  readonly to: string
  readonly kind: MessageKind
  /** The text, or the caption of an attachment; empty when there is none. */
  readonly text: string
  readonly media?: ReceivedMedia
  readonly quotedMessageId?: string
  /** How often a message of this id came and could be read; more than 1 is a double. */
  readonly count: number
  /** ISO times of the first and the last one. */
  readonly firstAt: string
  readonly lastAt: string
}

export type MessageKind = 'text' | 'image' | 'video' | 'audio' | 'document' | 'sticker' | 'other'

export interface ReceivedMedia {
  readonly mimeType: string
  readonly fileName?: string
  /** Of the decrypted file; absent when it could not be fetched or was not what was announced. */
  readonly sha256?: string
  readonly bytes?: number
  readonly problem?: string
}

type Arrival = Omit<ReceivedMessage, 'count' | 'firstAt' | 'lastAt'>

const INBOX = 'inbox/'

export class Inbox {
  readonly #store: Store
  readonly #byNumber = new Map<string, Map<string, ReceivedMessage>>()

  constructor(store: Store) {
    this.#store = store
    for (const [, message] of store.entries(INBOX)) this.#keep(message as ReceivedMessage)
  }

  add(arrival: Arrival): ReceivedMessage {
    const lastAt = new Date().toISOString()
    const earlier = this.#byNumber.get(arrival.to)?.get(messageKey(arrival))
    const message = {
      ...arrival,
      count: (earlier?.count ?? 0) + 1,
      firstAt: earlier?.firstAt ?? lastAt,
      lastAt,
    }
    this.#store.set(INBOX + arrival.to + messageKey(arrival), message)
    this.#keep(message)
    return message
  }

  /** In the order in which they came first. */
  of(number: string): ReceivedMessage[] {
    return [...(this.#byNumber.get(number)?.values() ?? [])]
  }

  /** The number that wrote to this one last. */
  lastSenderTo(number: string): string | undefined {
    return this.of(number).at(-1)?.from
  }

  all(): { readonly number: string; readonly messages: readonly ReceivedMessage[] }[] {
    return [...this.#byNumber.keys()].map((number) => ({ number, messages: this.of(number) }))
  }

  clear(): void {
    for (const { number, messages } of this.all()) {
      for (const message of messages) this.#store.delete(INBOX + number + messageKey(message))
    }
    this.#byNumber.clear()
  }

  #keep(message: ReceivedMessage): void {
    const messages = this.#byNumber.get(message.to) ?? new Map<string, ReceivedMessage>()
    messages.set(messageKey(message), message)
    this.#byNumber.set(message.to, messages)
  }
}

/** Two senders may use the same message id. */
function messageKey({ from, id }: Pick<ReceivedMessage, 'from' | 'id'>): string {
  return `/${from}/${id}`
}
