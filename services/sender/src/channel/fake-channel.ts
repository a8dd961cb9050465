/**
 * A channel without WhatsApp, for the tests of what stands above it. It keeps the port's promises (the contract
 * suite runs on it too); how sends end is scripted with `answer`.
 */
import { randomUUID } from 'node:crypto'

import {
  CredentialsFencedError,
  type Channel,
  type ClosedEvent,
  type Connection,
  type ConnectionEvent,
  type MediaFile,
  type NewContactLimits,
  type OpenOptions,
  type PreparedMedia,
  type ReceiptEvent,
  type SendRequest,
  type SendResult,
} from './channel.ts'

const CREDS = 'creds'
const DAY_MS = 24 * 60 * 60 * 1000

/** A message that was handed over. */
export interface FakeMessage {
  readonly from: string
  readonly to: string
  readonly messageId: string
  readonly text: string
}

/** Decides how a send that was handed over ends; undefined leaves it to the default (sent). */
export type Answer = (request: SendRequest) => SendResult | Promise<SendResult> | undefined

export class FakeWhatsApp implements Channel {
  /** All that was handed over, in order. */
  readonly messages: FakeMessage[] = []
  limits: NewContactLimits = {}
  readonly #connections = new Set<FakeConnection>()
  readonly #removed = new Set<string>()
  #answer: Answer = () => undefined

  open(options: OpenOptions): Connection {
    const connection = new FakeConnection(this, options)
    this.#connections.add(connection)
    return connection
  }

  answer(answer: Answer): void {
    this.#answer = answer
  }

  /** The phone accepts the link that was offered last. */
  async scan(phone: string): Promise<void> {
    const offered = [...this.#connections].findLast((connection) => connection.isOffering)
    if (!offered) throw new Error('Nothing is offered to link')
    await offered.link(phone)
  }

  receipt(own: string, messageIds: readonly string[], state: ReceiptEvent['state']): void {
    this.#of(own).emit({ type: 'receipt', messageIds, state, at: new Date() })
  }

  /** Somebody writes to a linked number. */
  reply(own: string, from: string, text: string, quotedMessageId?: string): void {
    const messageId = randomUUID()
    const at = new Date()
    this.#of(own).emit({ type: 'reply', messageId, phone: from, lid: undefined, text, quotedMessageId, at })
  }

  /** WhatsApp ends a connection. */
  async disconnect(own: string, closed: Omit<ClosedEvent, 'type'>): Promise<void> {
    if (closed.cause === 'logged_out') this.#removed.add(own)
    await this.#of(own).end({ type: 'closed', ...closed })
  }

  /** A device goes out of the phone's list; a phone may have another one. */
  async logout(own: string, connection: FakeConnection): Promise<void> {
    if (this.socketsOf(own) === 1) this.#removed.add(own)
    await connection.end({ type: 'closed', cause: 'logged_out' })
  }

  /** The open connections of a number: more than one is a fault of the code above. */
  socketsOf(own: string): number {
    return [...this.#connections].filter((connection) => connection.selfNumber === own && connection.isOpen)
      .length
  }

  isRemoved(phone: string): boolean {
    return this.#removed.has(phone)
  }

  forget(connection: FakeConnection): void {
    this.#connections.delete(connection)
  }

  accept(from: string, request: SendRequest): SendResult | Promise<SendResult> {
    const { phone: to, messageId, text } = request
    this.messages.push({ from, to, messageId, text })
    return this.#answer(request) ?? { outcome: 'sent', at: new Date() }
  }

  #of(own: string): FakeConnection {
    const connection = [...this.#connections].find((each) => each.selfNumber === own && each.isOpen)
    if (!connection) throw new Error('The number has no open connection')
    return connection
  }
}

class FakeConnection implements Connection {
  selfNumber: string | undefined
  isOpen = false
  isOffering = false
  readonly #whatsapp: FakeWhatsApp
  readonly #options: OpenOptions
  readonly #ended = new AbortController()
  readonly #done = Promise.withResolvers<undefined>()

  constructor(whatsapp: FakeWhatsApp, options: OpenOptions) {
    this.#whatsapp = whatsapp
    this.#options = options
    void this.#start()
  }

  async warm(): Promise<void> {
    // There is nothing to look up.
  }

  uploadMedia({ kind, content }: MediaFile): Promise<PreparedMedia> {
    return Promise.resolve({ kind, content, expiresAt: new Date(Date.now() + DAY_MS) })
  }

  newContactLimits(): Promise<NewContactLimits> {
    return Promise.resolve(this.#whatsapp.limits)
  }

  async send(request: SendRequest): Promise<SendResult> {
    if (!this.isOpen || !this.selfNumber) return { outcome: 'not_handed_over', reason: 'not_open' }
    if (request.media && request.media.expiresAt.getTime() <= Date.now()) {
      return { outcome: 'failed', reason: 'media_failed' }
    }
    if (request.signal?.aborted) return { outcome: 'not_handed_over', reason: 'aborted' }
    if (request.phone.endsWith('00000')) return { outcome: 'not_on_whatsapp' }
    const mayGo = (await request.beforeHandOver?.()) ?? true
    if (this.#ended.signal.aborted) return { outcome: 'not_handed_over', reason: 'connection_closed' }
    if (!mayGo) return { outcome: 'not_handed_over', reason: 'gate_shut' }
    const ended = Promise.withResolvers<SendResult>()
    const onEnd = () => {
      ended.resolve({ outcome: 'no_ack' })
    }
    this.#ended.signal.addEventListener('abort', onEnd)
    const result = await Promise.race([this.#whatsapp.accept(this.selfNumber, request), ended.promise])
    this.#ended.signal.removeEventListener('abort', onEnd)
    return result
  }

  async logout(): Promise<void> {
    if (!this.isOpen || !this.selfNumber) throw new Error('The connection is not open')
    await this.#whatsapp.logout(this.selfNumber, this)
  }

  async close(): Promise<void> {
    await this.end({ type: 'closed', cause: 'stopped' })
  }

  async link(phone: string): Promise<void> {
    this.isOffering = false
    try {
      await this.#options.credentials.write(new Map([[CREDS, Buffer.from(phone)]]))
    } catch (error) {
      const cause = error instanceof CredentialsFencedError ? 'fenced' : 'store_failed'
      await this.end({ type: 'closed', cause })
      return
    }
    this.emit({ type: 'linked', phone, lid: undefined })
    await this.end({ type: 'closed', cause: 'restart_required', code: 515 })
  }

  async end(closed: ClosedEvent): Promise<void> {
    if (!this.#ended.signal.aborted) {
      this.isOpen = false
      this.isOffering = false
      this.#ended.abort()
      this.#whatsapp.forget(this)
      await Promise.resolve()
      this.emit(closed)
      this.#done.resolve(undefined)
    }
    await this.#done.promise
  }

  emit(event: ConnectionEvent): void {
    this.#options.onEvent(event)
  }

  async #start(): Promise<void> {
    const stored = (await this.#options.credentials.read([CREDS])).get(CREDS)
    if (this.#ended.signal.aborted) return
    const phone = stored && Buffer.from(stored).toString()
    const { link } = this.#options
    if (phone === undefined && !link) {
      await this.end({ type: 'closed', cause: 'logged_out' })
      return
    }
    this.emit({ type: 'connecting' })
    if (phone === undefined) this.#offer(link?.method ?? 'qr')
    else if (this.#whatsapp.isRemoved(phone))
      await this.end({ type: 'closed', cause: 'logged_out', code: 401 })
    else this.#login(phone)
  }

  #offer(method: 'qr' | 'code'): void {
    this.isOffering = true
    if (method === 'code') {
      this.emit({ type: 'pairing_code', code: 'ABCD1234' })
      return
    }
    const expiresAt = new Date(Date.now() + 60_000)
    this.emit({ type: 'qr', text: randomUUID(), pngDataUrl: 'data:image/png;base64,', expiresAt })
  }

  #login(phone: string): void {
    this.selfNumber = phone
    this.isOpen = true
    this.emit({ type: 'open', phone })
  }
}
