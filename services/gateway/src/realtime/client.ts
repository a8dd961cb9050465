// One connected client: its queue, its limits, its liveness. It is written to with frames that many share.
import type { Socket } from 'node:net'

import {
  type CampaignId,
  type CloseCode,
  closeCodes,
  closeReason,
  type LiveMessageType,
  type Principal,
} from '@peyk/contracts'
import type { WebSocket } from 'ws'

import { controlFrame, type Framed } from './frames.ts'
import type { RealtimeMetrics } from './metrics.ts'
import type { Position } from './parameters.ts'

export interface ClientLimits {
  readonly conflateAboveBytes: number
  readonly closeAboveBytes: number
  readonly maxLagMs: number
}

export interface ClientOptions {
  readonly websocket: WebSocket
  readonly socket: Socket
  readonly campaignId: CampaignId
  readonly principal: Principal
  readonly tokenId: string | undefined
  readonly tenantAndUser: string
  readonly address: string
  /** Positions, resume, and the frames around them. */
  readonly isV2: boolean
  readonly resume: Position | undefined
  /** Whether a QR may go to this user. */
  readonly mayLink: boolean
  /** Milliseconds since 1970; undefined for a local user without a token. */
  readonly tokenEndsAt: number | undefined
  readonly pingIntervalMs: number
  readonly limits: ClientLimits
  readonly metrics: RealtimeMetrics
}

const TERMINATE_AFTER_MS = 1_000
const MESSAGES_A_SECOND = 5
const UNKNOWN_TEXTS = 5
/** A client of v2 is told so long before the end of its token. */
const TELL_EXPIRY_MS = 60_000

/** Only the newest of these matters to a client that is behind. */
const conflated = new Set<LiveMessageType>(['progress_update', 'campaign_update'])

export class Client {
  readonly options: ClientOptions
  /** When the ping went out that no pong has answered yet. */
  #pingedAt: number | undefined
  /** Stored messages up to this sequence it got by its resume: they are not for it when they come live. */
  skipsThrough = 0
  readonly #kept = new Map<LiveMessageType, Framed>()
  #behindSince: number | undefined
  #isClosing = false
  #tokens = MESSAGES_A_SECOND
  #tokensAt = performance.now()
  #unknownTexts = 0
  #toldExpiry = false

  constructor(options: ClientOptions) {
    this.options = options
    const { websocket, socket } = options
    websocket.on('pong', () => this.#alive())
    websocket.on('message', (data: Buffer, isBinary) =>
      this.#received(isBinary ? undefined : data.toString('utf8')),
    )
    websocket.on('error', (error: Error & { code?: string }) => {
      options.metrics.error(error.code ?? 'unknown')
    })
    socket.on('drain', () => this.#drained())
  }

  get isV2(): boolean {
    return this.options.isV2
  }

  get waitingBytes(): number {
    return this.options.socket.writableLength
  }

  get awaitsPong(): boolean {
    return this.#pingedAt !== undefined
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  /** Writes the joined frames of a flush window; a client that is behind gets what conflation leaves of them. */
  write(joined: Buffer, messages: readonly Framed[]): void {
    if (this.#isClosing) return
    const { socket, limits } = this.options
    if (socket.writableLength < limits.conflateAboveBytes && this.#kept.size === 0) {
      this.#put(joined, messages)
      return
    }
    for (const message of messages) this.#writeBehind(message)
    this.#checkLag()
  }

  /** A frame that belongs to no message of the feed: the heartbeat. */
  writeFrame(frame: Buffer): void {
    if (!this.#isClosing) this.options.socket.write(frame)
  }

  ping(): void {
    this.#pingedAt = performance.now()
    this.options.websocket.ping()
  }

  /** Also ends a peer that does not read: what waits in its buffers is dropped a second later. */
  close(code: CloseCode, cause: string, reconnectMs?: number): void {
    if (this.#isClosing) return
    this.#isClosing = true
    const { websocket } = this.options
    websocket.close(code, closeReason(cause, reconnectMs))
    setTimeout(() => websocket.terminate(), TERMINATE_AFTER_MS).unref()
  }

  #put(frames: Buffer, messages: readonly Framed[]): void {
    const { socket, metrics, limits } = this.options
    socket.write(frames)
    metrics.sent(messages, frames.byteLength)
    if (socket.writableLength > 0) this.#behindSince ??= performance.now()
    if (socket.writableLength > limits.closeAboveBytes) this.#tooSlow()
  }

  #writeBehind(message: Framed): void {
    if (conflated.has(message.type)) {
      if (this.#kept.delete(message.type)) this.options.metrics.conflated(message.type)
      this.#kept.set(message.type, message)
      return
    }
    // What was kept goes before it: the order is that of the stream, also for who is behind.
    this.#putKept()
    this.#put(this.frameOf(message), [message])
  }

  #drained(): void {
    this.#behindSince = undefined
    this.#putKept()
  }

  #putKept(): void {
    const kept = [...this.#kept.values()]
    this.#kept.clear()
    for (const message of kept) this.#put(this.frameOf(message), [message])
  }

  /** In the envelope that this client speaks. */
  frameOf(message: Framed): Buffer {
    return this.options.isV2 ? message.positioned() : message.frame
  }

  /** Called by every write while behind, and by the sweep for those that nobody writes to. */
  #checkLag(): void {
    // A socket tells `drain` only of what filled its buffer; a little that waited goes out in silence.
    if (this.options.socket.writableLength === 0) this.#drained()
    if (
      this.#behindSince !== undefined &&
      performance.now() - this.#behindSince > this.options.limits.maxLagMs
    )
      this.#tooSlow()
  }

  sweep(nowMs: number): void {
    this.#checkLag()
    const { tokenEndsAt, isV2, campaignId } = this.options
    if (tokenEndsAt === undefined) return
    if (nowMs >= tokenEndsAt) this.close(closeCodes.unauthorized, 'expired')
    else if (isV2 && !this.#toldExpiry && nowMs >= tokenEndsAt - TELL_EXPIRY_MS) {
      this.#toldExpiry = true
      this.writeFrame(controlFrame('token_expiring', campaignId, { at: new Date(tokenEndsAt).toISOString() }))
    }
  }

  #tooSlow(): void {
    if (this.#isClosing) return
    this.options.metrics.slow()
    this.close(closeCodes.slow, 'slow', 5_000)
  }

  /** Any pong will do: also the text one. */
  #alive(): void {
    if (this.#pingedAt === undefined) return
    this.options.metrics.roundTrip((performance.now() - this.#pingedAt) / 1_000)
    this.#pingedAt = undefined
  }

  #received(text: string | undefined): void {
    const { metrics } = this.options
    if (text === undefined) {
      metrics.received('binary')
      this.close(closeCodes.binary, 'binary')
    } else if (!this.#takeToken()) {
      metrics.received('excess')
      this.close(closeCodes.tooMany, 'messages', 30_000)
    } else if (text === 'pong') {
      metrics.received('pong')
      this.#alive()
    } else {
      metrics.received('unknown')
      this.#unknownTexts += 1
      if (this.#unknownTexts >= UNKNOWN_TEXTS) this.close(closeCodes.badRequest, 'unknown')
    }
  }

  #takeToken(): boolean {
    const now = performance.now()
    this.#tokens = Math.min(
      MESSAGES_A_SECOND,
      this.#tokens + ((now - this.#tokensAt) / 1_000) * MESSAGES_A_SECOND,
    )
    this.#tokensAt = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
