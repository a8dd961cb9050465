/*
 * The live feed of one campaign.
 *
 *   idle -> dialling -> open -> waiting -> dialling ...   and from everywhere -> idle, by close() or when it gives up
 *
 * Each dial has a number of its own; what belongs to an earlier one is not heard any more.
 */
import { explainFailedDial, FeedError } from './feed-error.ts'
import { Listeners } from './listeners.ts'
import {
  type CampaignMessage,
  type CampaignMessages,
  isKnownType,
  parseMessage,
  positionOf,
} from './messages.ts'
import { WebSocketMonitor } from './monitor.ts'
import { decideReconnect, type ReconnectPolicy, standardPolicy } from './reconnect.ts'

export interface CampaignFeedOptions extends Partial<ReconnectPolicy> {
  /** Default `ws://localhost:3000`. */
  readonly url?: string | URL
  readonly campaignId: number
  readonly userId: number | string
  /** A token or ticket, or a function that gets one: it is called for every dial, so an expired token is no end. */
  readonly token?: string | (() => string | Promise<string>)
  /** After a break, hear what was missed (`resumed` tells whether all of it was there). Default false. */
  readonly resume?: boolean
  /** The server pings every 30 s; a connection that is silent for longer than this is given up. Default 75 s. */
  readonly maxSilenceMs?: number
  /** Default: one of its own. */
  readonly monitor?: WebSocketMonitor
}

export interface CampaignFeedEvents extends CampaignMessages {
  readonly open: undefined
  /** Every connection that ended. */
  readonly close: { readonly code: number; readonly reason: string }
  readonly reconnecting: { readonly attempt: number; readonly delayMs: number }
  /** It will not dial again by itself. */
  readonly stopped: { readonly why: string }
  readonly error: FeedError
  /** With `resume`: false says that something is missing, and that the newest state follows. */
  readonly resumed: { readonly recovered: boolean }
  /** With `resume`: the token ends soon; the connection closes then, and comes back with a new one. */
  readonly token_expiring: { readonly at: string }
  /** A message type of a newer server. */
  readonly unknown: CampaignMessage
}

const NORMAL = 1000
const NO_ANSWER = 1006
const EPOCH_CHANGED = 4410

export class CampaignFeed {
  readonly monitor: WebSocketMonitor
  readonly #options: CampaignFeedOptions
  readonly #policy: ReconnectPolicy
  readonly #listeners = new Listeners<CampaignFeedEvents>()
  #socket: WebSocket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #watchdog: ReturnType<typeof setTimeout> | undefined
  #dials = 0
  #attempts = 0
  #stop: AbortController | undefined
  /** Where the feed was, for the next dial. */
  #position: string | undefined

  constructor(options: CampaignFeedOptions) {
    this.#options = options
    this.#policy = { ...standardPolicy, ...options }
    this.monitor = options.monitor ?? new WebSocketMonitor()
  }

  /** Listens; answers how to stop listening. */
  on<Name extends keyof CampaignFeedEvents>(
    name: Name,
    listener: (value: CampaignFeedEvents[Name]) => void,
  ): () => void {
    return this.#listeners.add(name, listener)
  }

  /** Dials, and again after each end, until `close` or the most attempts in a row. */
  connect(): this {
    if (this.#stop !== undefined) return this
    this.#stop = new AbortController()
    this.#attempts = 0
    void this.#dial(this.#stop.signal)
    return this
  }

  /** Whether messages can arrive now. */
  healthCheck(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** Ends the connection and every further attempt, and forgets all listeners. */
  close(): void {
    this.#end()
    this.#listeners.clear()
  }

  async #dial(signal: AbortSignal): Promise<void> {
    const number = ++this.#dials
    let token: string | undefined
    try {
      token = await this.#token()
    } catch (cause) {
      if (signal.aborted) return
      this.#fail(new FeedError('TOKEN', { cause }))
      this.#ended(NO_ANSWER, '')
      return
    }
    if (signal.aborted || number !== this.#dials) return
    const protocols = this.#options.resume === true ? ['campaign-updates.v2', 'campaign-updates'] : []
    this.#attach(new WebSocket(this.#address(token), protocols), signal)
  }

  async #token(): Promise<string | undefined> {
    const { token } = this.#options
    return typeof token === 'function' ? token() : token
  }

  #address(token?: string): URL {
    const { url = 'ws://localhost:3000', campaignId, userId } = this.#options
    const address = new URL('/ws/campaigns', String(url).replace(/^http/, 'ws'))
    address.searchParams.set('campaignId', String(campaignId))
    address.searchParams.set('userId', String(userId))
    if (token !== undefined) address.searchParams.set('token', token)
    if (this.#position !== undefined) address.searchParams.set('resume', this.#position)
    return address
  }

  #attach(socket: WebSocket, signal: AbortSignal): void {
    let wasOpen = false
    this.#socket = socket
    this.#heard()
    socket.onopen = () => {
      wasOpen = true
      this.monitor.onConnect()
      this.#listeners.tell('open', undefined)
    }
    socket.onmessage = ({ data }: { readonly data: unknown }) => this.#received(socket, String(data))
    socket.onclose = ({ code, reason }) => {
      this.#detach()
      if (wasOpen) this.#ended(code, reason)
      else void this.#refused(code, reason, signal)
    }
  }

  async #refused(code: number, reason: string, signal: AbortSignal): Promise<void> {
    const error = await explainFailedDial(this.#address(), signal)
    if (signal.aborted) return
    this.#fail(error)
    this.#ended(code, reason)
  }

  #received(socket: WebSocket, text: string): void {
    this.#heard()
    this.#attempts = 0
    if (text === 'ping') {
      socket.send('pong')
      return
    }
    this.monitor.onMessage()
    const message = parseMessage(text)
    if (message === undefined) this.#fail(new FeedError('BAD_MESSAGE'))
    else if (message.campaignId !== this.#options.campaignId) this.#refuseForeign()
    else this.#tell(message)
  }

  #tell(message: CampaignMessage): void {
    const { type, data } = message
    this.#position = positionOf(type === 'hello' ? data : message) ?? this.#position
    if (type === 'hello') return
    if (type === 'resumed' || type === 'token_expiring')
      this.#listeners.tell(type, data as CampaignFeedEvents[typeof type] & Record<string, never>)
    else if (isKnownType(type)) this.#listeners.tell(type, data as CampaignMessages[typeof type])
    else this.#listeners.tell('unknown', message)
  }

  #refuseForeign(): void {
    this.#fail(new FeedError('FOREIGN_CAMPAIGN'))
    this.#giveUp('a message of another campaign arrived')
  }

  /** Every sign of the server puts the deadline of silence off. */
  #heard(): void {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => {
      this.#fail(new FeedError('SILENT'))
      this.#detach()
      this.#ended(NO_ANSWER, '')
    }, this.#options.maxSilenceMs ?? 75_000)
  }

  #ended(code: number, reason: string): void {
    if (code === EPOCH_CHANGED) this.#position = undefined
    this.#listeners.tell('close', { code, reason })
    const { signal } = this.#stop ?? {}
    // A listener may have closed the feed.
    if (signal === undefined) return
    const canRenewToken = typeof this.#options.token === 'function'
    const ended = { code, reason, attempts: this.#attempts, canRenewToken }
    const decision = decideReconnect(ended, this.#policy, Math.random())
    if (decision.kind === 'stop') {
      this.#giveUp(decision.why)
      return
    }
    this.#attempts += 1
    this.#timer = setTimeout(() => void this.#dial(signal), decision.delayMs)
    this.#listeners.tell('reconnecting', { attempt: this.#attempts, delayMs: decision.delayMs })
  }

  #giveUp(why: string): void {
    this.#end()
    this.#listeners.tell('stopped', { why })
  }

  #fail(error: FeedError): void {
    this.monitor.onError()
    this.#listeners.tell('error', error)
  }

  #end(): void {
    this.#stop?.abort()
    this.#stop = undefined
    clearTimeout(this.#timer)
    this.#detach()
  }

  /** Nothing of the socket is heard any more, and it is closed. */
  #detach(): void {
    clearTimeout(this.#watchdog)
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    socket.onopen = socket.onmessage = socket.onclose = null
    if (socket.readyState <= WebSocket.OPEN) socket.close(NORMAL)
  }
}
