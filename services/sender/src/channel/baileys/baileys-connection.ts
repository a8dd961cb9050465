/** One socket of one session, from the first byte to the last. */
import { Agent } from 'node:https'

import {
  areJidsSameUser,
  isJidBroadcast,
  isJidGroup,
  isJidNewsletter,
  makeWASocket,
  type BaileysEventMap,
  type BinaryNode,
  type UserFacingSocketConfig,
  type WASocket,
} from '@whiskeysockets/baileys'

import {
  CredentialsFencedError,
  MediaUploadError,
  type ClosedEvent,
  type Connection,
  type ConnectionEvent,
  type MediaFile,
  type NewContactLimits,
  type OpenOptions,
  type PreparedMedia,
  type SendRequest,
  type SendResult,
} from '../channel.ts'
import { Authentication } from './authentication.ts'
import { closeInTime } from './close-in-time.ts'
import type { ClientVersion } from './client-version.ts'
import { closedBy } from './disconnect-cause.ts'
import { receiptOf, replyOf, userOf } from './incoming.ts'
import { Linking } from './linking.ts'
import { messageOf, uploadMedia } from './media.ts'
import { Sender } from './sending.ts'
import { silentLogger } from './silent-logger.ts'
import { EndedError, TimedOutError, within } from './within.ts'

/** How long the end of a connection waits for writes in flight. */
const SAVE_GRACE_MS = 5000

/** What all connections of a channel have in common. */
export interface ConnectionSettings {
  readonly url: string
  readonly version: ClientVersion
  readonly sendDeadlineMs: number
  readonly queryTimeoutMs: number
  readonly openTimeoutMs: number
  readonly keepAliveMs: number
  readonly qrTimeoutMs: number | undefined
  /** The certificate (PEM) to trust for uploads, instead of the system's. */
  readonly mediaCa: string | undefined
}

interface Parts {
  readonly sock: WASocket
  readonly socketClosed: () => Promise<void>
  readonly sender: Sender
  readonly linking: Linking | undefined
}

export class BaileysConnection implements Connection {
  readonly #settings: ConnectionSettings
  readonly #options: OpenOptions
  readonly #ended = new AbortController()
  readonly #done = Promise.withResolvers<undefined>()
  readonly #openTimer: NodeJS.Timeout
  /** Carries the uploads, so that the end of the connection ends them. */
  readonly #uploads: Agent
  #authentication: Authentication | undefined
  #parts: Parts | undefined
  #isOpen = false
  #storeFailure: ClosedEvent | undefined
  /** Events that wait for something are told in the order in which they happened. */
  #inOrder: Promise<void> = Promise.resolve()

  constructor(settings: ConnectionSettings, options: OpenOptions) {
    this.#settings = settings
    this.#options = options
    this.#uploads = new Agent(settings.mediaCa === undefined ? {} : { ca: settings.mediaCa })
    this.#openTimer = setTimeout(() => {
      this.#end({ type: 'closed', cause: 'connection_lost' })
    }, settings.openTimeoutMs)
    this.#start().catch((error: unknown) => {
      this.#end(closedBy(error))
    })
  }

  get selfNumber(): string | undefined {
    const me = this.#authentication?.isLinked ? this.#authentication.state.creds.me : undefined
    return userOf(me?.id)
  }

  async warm(phones: readonly string[]): Promise<void> {
    await this.#open().sender.warm(phones)
  }

  async uploadMedia(media: MediaFile): Promise<PreparedMedia> {
    if (!this.#isOpen) throw new MediaUploadError('The connection is not open')
    return uploadMedia(this.#open().sock, media)
  }

  async send(request: SendRequest): Promise<SendResult> {
    if (!this.#isOpen || !this.#parts) return { outcome: 'not_handed_over', reason: 'not_open' }
    return this.#parts.sender.send(request)
  }

  async newContactLimits(): Promise<NewContactLimits> {
    const { sock } = this.#open()
    const ask = <T>(answer: Promise<T>) => within(this.#settings.queryTimeoutMs, answer, this.#ended.signal)
    const [lock, cap] = await Promise.allSettled([
      ask(sock.fetchAccountReachoutTimelock()),
      ask(sock.fetchNewChatMessageCap()),
    ])
    const until =
      lock.status === 'fulfilled' && lock.value.isActive ? lock.value.timeEnforcementEnds : undefined
    const { total_quota: quota, used_quota: used } = cap.status === 'fulfilled' ? cap.value : {}
    return {
      ...(until && { timelockedUntil: until }),
      ...(quota !== undefined && { newChatCap: quota }),
      ...(used !== undefined && { newChatUsed: used }),
    }
  }

  async logout(): Promise<void> {
    await this.#open().sock.logout()
    await this.#done.promise
  }

  async close(): Promise<void> {
    this.#end({ type: 'closed', cause: 'stopped' })
    await this.#done.promise
  }

  async #start(): Promise<void> {
    const authentication = await this.#loadKeys()
    if (!authentication || this.#hasEnded()) return
    const { link } = this.#options
    if (!authentication.isLinked && !link) {
      this.#end({ type: 'closed', cause: 'logged_out', detail: 'This session is not linked to a phone' })
      return
    }
    const version = await this.#settings.version.current()
    if (this.#hasEnded()) return
    this.#emit({ type: 'connecting' })
    const sock = makeWASocket({
      ...this.#socketConfig(),
      auth: authentication.state,
      ...(version && { version }),
    })
    this.#parts = {
      sock,
      socketClosed: closeInTime(sock),
      sender: this.#makeSender(sock),
      linking: link && !authentication.isLinked ? this.#makeLinking(sock, link) : undefined,
    }
    this.#listen(sock)
  }

  async #loadKeys(): Promise<Authentication | undefined> {
    try {
      this.#authentication = await Authentication.load(this.#options.credentials, (error) => {
        this.#onStoreFailure(error)
      })
      return this.#authentication
    } catch (error) {
      this.#onStoreFailure(error)
      return undefined
    }
  }

  #socketConfig(): Omit<UserFacingSocketConfig, 'auth'> {
    const { url, queryTimeoutMs, sendDeadlineMs, keepAliveMs, qrTimeoutMs } = this.#settings
    return {
      waWebSocketUrl: url,
      logger: silentLogger,
      // Baileys hides that a query timed out: its deadline comes after all of ours.
      defaultQueryTimeoutMs: Math.max(queryTimeoutMs, sendDeadlineMs) + 1000,
      keepAliveIntervalMs: keepAliveMs,
      ...(qrTimeoutMs !== undefined && { qrTimeout: qrTimeoutMs }),
      fetchAgent: this.#uploads,
      // With own events on, updates are merged into them and vanish.
      emitOwnEvents: false,
      // The phone keeps showing its notifications.
      markOnlineOnConnect: false,
      syncFullHistory: false,
      shouldSyncHistoryMessage: () => false,
      shouldIgnoreJid: (jid) => [isJidGroup, isJidBroadcast, isJidNewsletter].some((isKind) => isKind(jid)),
      getMessage: async ({ id }) => {
        const content = id ? await this.#options.recall?.(id) : undefined
        return content && messageOf(content)
      },
      // Whether a write is tried again is the store's decision.
      transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
    }
  }

  #makeSender(sock: WASocket): Sender {
    const { sendDeadlineMs, queryTimeoutMs } = this.#settings
    return new Sender({
      sock,
      ended: this.#ended.signal,
      sendDeadlineMs,
      queryTimeoutMs,
      onLateAck: (messageId, at) => {
        this.#emit({ type: 'receipt', messageIds: [messageId], state: 'sent', at })
      },
    })
  }

  #makeLinking(sock: WASocket, link: NonNullable<OpenOptions['link']>): Linking {
    return new Linking({
      sock,
      link,
      qrTimeoutMs: this.#settings.qrTimeoutMs,
      log: this.#options.log,
      emit: (event) => {
        this.#emit(event)
      },
      refuse: (closed) => {
        this.#end(closed)
      },
      areCredsStored: () => this.#areCredsStored(),
    })
  }

  #listen(sock: WASocket): void {
    sock.ev.on('creds.update', () => this.#authentication?.saveCreds())
    sock.ev.on('connection.update', (update) => {
      this.#onUpdate(update)
    })
    sock.ev.on('messages.upsert', ({ messages }) => {
      for (const message of messages) this.#tell(() => this.#onMessage(sock, message))
    })
    sock.ws.on('CB:receipt', (node: BinaryNode) => {
      this.#onReceipt(sock, node)
    })
  }

  #onUpdate(update: BaileysEventMap['connection.update']): void {
    const { qr, isNewLogin, connection, lastDisconnect } = update
    if (qr) {
      clearTimeout(this.#openTimer)
      this.#tell(() => this.#onOffer(qr))
    }
    if (isNewLogin) this.#tell(() => this.#onLinked())
    if (connection === 'open') this.#tell(() => this.#onOpen())
    if (connection === 'close') this.#end(closedBy(lastDisconnect?.error))
  }

  async #onOffer(qr: string): Promise<void> {
    if (!this.#hasEnded()) await this.#parts?.linking?.onOffer(qr)
  }

  async #onLinked(): Promise<void> {
    const me = this.#authentication?.state.creds.me
    const phone = userOf(me?.id)
    if (phone === undefined || !(await this.#areCredsStored())) return
    this.#emit({ type: 'linked', phone, lid: userOf(me?.lid) })
  }

  async #onOpen(): Promise<void> {
    clearTimeout(this.#openTimer)
    const isStored = await this.#areCredsStored()
    const phone = this.selfNumber
    if (!isStored || phone === undefined || this.#hasEnded()) return
    this.#isOpen = true
    this.#emit({ type: 'open', phone })
  }

  async #onMessage(
    sock: WASocket,
    message: BaileysEventMap['messages.upsert']['messages'][number],
  ): Promise<void> {
    const reply = await replyOf(message, (lid) => sock.signalRepository.lidMapping.getPNForLID(lid))
    if (reply) this.#emit(reply)
  }

  #onReceipt(sock: WASocket, node: BinaryNode): void {
    const { me } = sock.authState.creds
    const receipt = receiptOf(node, (jid) => areJidsSameUser(jid, me?.id) || areJidsSameUser(jid, me?.lid))
    if (!receipt) return
    this.#parts?.sender.onReceipt(receipt.messageIds, receipt.at)
    this.#emit(receipt)
  }

  async #areCredsStored(): Promise<boolean> {
    return (await this.#authentication?.areCredsStored) ?? false
  }

  #onStoreFailure(error: unknown): void {
    const cause = error instanceof CredentialsFencedError ? 'fenced' : 'store_failed'
    this.#storeFailure ??= { type: 'closed', cause }
    this.#end(this.#storeFailure)
  }

  /** Tells an event that has to wait, after those before it. */
  #tell(work: () => Promise<void>): void {
    this.#inOrder = this.#inOrder.then(work).catch((error: unknown) => {
      this.#end(closedBy(error))
    })
  }

  #emit(event: ConnectionEvent): void {
    this.#options.onEvent(event)
  }

  #open(): Parts {
    if (!this.#isOpen || !this.#parts) throw new EndedError('The connection is not open')
    return this.#parts
  }

  #hasEnded(): boolean {
    return this.#ended.signal.aborted
  }

  /** The one way to the end; the first cause counts. */
  #end(closed: ClosedEvent): void {
    if (this.#hasEnded()) return
    this.#isOpen = false
    clearTimeout(this.#openTimer)
    this.#ended.abort()
    void this.#finish(this.#parts?.linking?.explain(closed) ?? closed)
  }

  async #finish(closed: ClosedEvent): Promise<void> {
    this.#uploads.destroy()
    await this.#closeSocket()
    const settled = Promise.all([this.#inOrder, this.#authentication?.settled()])
    await within(SAVE_GRACE_MS, settled).catch(() => this.#onStoreFailure(new TimedOutError('A write hangs')))
    this.#authentication?.seal()
    const told = closed.cause === 'stopped' ? closed : (this.#storeFailure ?? closed)
    if (told.cause === 'outdated') this.#settings.version.markOutdated()
    this.#options.log.info(
      { session: this.#options.sessionLabel, cause: told.cause, code: told.code },
      'whatsapp connection closed',
    )
    this.#emit(told)
    this.#done.resolve(undefined)
  }

  async #closeSocket(): Promise<void> {
    if (!this.#parts) return
    const { sock, socketClosed } = this.#parts
    await sock.end(undefined)
    await socketClosed()
    // Baileys forgets the queries that still wait, each with a timer; an error on the socket ends them.
    sock.ws.emit('error', new Error('The connection has ended'))
  }
}
