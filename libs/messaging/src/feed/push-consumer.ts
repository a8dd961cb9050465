/*
 * One ephemeral push consumer: it lives until anything about it looks wrong, and is then replaced, never mended.
 *
 * - Its inbox is its own, so nothing of an earlier consumer can arrive here.
 * - Delivery sequences are contiguous from 1. Another one, or a heartbeat that knows of a later one, is a gap.
 * - The server sends a heartbeat each half second without messages. More than 2 s of silence is the end. Before that the
 *   connection itself is asked for a sign of life, so that a dead server is left for another one in time.
 * - Flow control requests stand in the queue among the messages and are answered when their turn comes: a slow handler
 *   slows the server down instead of filling our memory.
 */
import type { ConsumerInfo, Msg, Subscription } from 'nats'

import type { Nats } from '../connection.ts'
import { type DeliveryInfo, readDelivery } from '../delivery.ts'
import { askOnce } from '../jetstream-api.ts'

export type FeedResetReason =
  'silence' | 'gap' | 'reconnected' | 'stream-missing' | 'consumer-refused' | 'consumer-deleted'

export type PushItem =
  | { readonly kind: 'message'; readonly source: Msg; readonly info: DeliveryInfo }
  /** The server waits for a word on this subject before it sends more. */
  | { readonly kind: 'flow'; readonly reply: string }
  /** The server has nothing more at the moment. */
  | { readonly kind: 'idle' }

export interface PushStart {
  readonly stream: string
  readonly filter: string | undefined
  /** Undefined: the newest message of each subject, then what comes. */
  readonly firstSequence: number | undefined
  readonly headersOnly: boolean
}

const HEARTBEAT_MS = 500
const TICK_MS = 250
const PROBE_AFTER_MS = 800
const PROBE_MS = 600
const SILENCE_MS = 2_000
const CREATE_TIMEOUT_MS = 500
const NANOS_PER_MS = 1_000_000

export class PushConsumer {
  readonly #nats: Nats
  readonly #stream: string
  readonly #subscription: Subscription
  readonly #timer: NodeJS.Timeout
  readonly #offStatus: () => void
  #name: string | undefined
  #items: PushItem[] = []
  #received = 0
  #heardAt = performance.now()
  #tickedAt = performance.now()
  #probing = false
  #broken: FeedResetReason | undefined
  #wake: (() => void) | undefined

  /** Throws what JetStream answers when the consumer cannot be made. */
  static async open(nats: Nats, start: PushStart): Promise<{ consumer: PushConsumer; pending: number }> {
    const inbox = nats.inbox()
    const consumer = new PushConsumer(nats, start.stream, inbox)
    try {
      const body = { stream_name: start.stream, config: consumerConfig(start, inbox) }
      const call = `CONSUMER.CREATE.${start.stream}`
      const info = await askOnce<ConsumerInfo>(nats, call, body, CREATE_TIMEOUT_MS)
      consumer.#name = info.name
      return { consumer, pending: info.num_pending + info.delivered.consumer_seq }
    } catch (error) {
      consumer.close()
      throw error
    }
  }

  private constructor(nats: Nats, stream: string, inbox: string) {
    this.#nats = nats
    this.#stream = stream
    this.#subscription = nats.connection.subscribe(inbox, {
      callback: (error, message) => (error ? this.#break('consumer-deleted') : this.#arrived(message)),
    })
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#offStatus = nats.onStatus((status) => status === 'connected' && this.#break('reconnected'))
  }

  silentForMs(): number {
    return performance.now() - this.#heardAt
  }

  /** What has arrived, in order; undefined once all was taken and the consumer is broken or the signal aborted. */
  async take(signal: AbortSignal): Promise<readonly PushItem[] | undefined> {
    while (this.#items.length === 0) {
      if (this.#broken !== undefined || signal.aborted) return undefined
      await this.#something(signal)
    }
    const items = this.#items
    this.#items = []
    return items
  }

  get brokenBy(): FeedResetReason | undefined {
    return this.#broken
  }

  /** Lets the server send on. */
  allow(reply: string): void {
    if (this.#nats.isConnected()) this.#nats.connection.publish(reply)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#offStatus()
    this.#subscription.unsubscribe()
    // The server forgets it by itself after its inactive threshold; this only spares it the wait.
    if (this.#name !== undefined)
      void this.#nats.request(`$JS.API.CONSUMER.DELETE.${this.#stream}.${this.#name}`).catch(() => undefined)
  }

  #something(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.#wake = undefined
        resolve()
      }
      this.#wake = wake
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  #arrived(message: Msg): void {
    this.#heardAt = performance.now()
    if (this.#broken !== undefined) return
    const code = message.headers?.code ?? 0
    if (code === 0) this.#arrivedMessage(message)
    else if (code === 100) this.#arrivedControl(message)
    else this.#break('consumer-deleted')
  }

  #arrivedMessage(source: Msg): void {
    const info = readDelivery(source.reply)
    if (info?.deliverySequence !== this.#received + 1) {
      this.#break('gap')
      return
    }
    this.#received = info.deliverySequence
    this.#push({ kind: 'message', source, info })
  }

  /** A heartbeat, or a request of flow control (which a stalled consumer repeats in its heartbeats). */
  #arrivedControl(message: Msg): void {
    const lastSent = Number(message.headers?.get('Nats-Last-Consumer') ?? 0)
    const flow = replyOf(message)
    if (flow !== '') this.#push({ kind: 'flow', reply: flow })
    else if (lastSent > this.#received) this.#break('gap')
    else this.#push({ kind: 'idle' })
  }

  #push(item: PushItem): void {
    this.#items.push(item)
    this.#wake?.()
  }

  #break(reason: FeedResetReason): void {
    this.#broken ??= reason
    this.#wake?.()
  }

  #tick(): void {
    const now = performance.now()
    // When this process itself was held up, what the server sent meanwhile is not read yet: that is no silence.
    if (now - this.#tickedAt > 3 * TICK_MS) this.#heardAt = Math.max(this.#heardAt, now - HEARTBEAT_MS)
    this.#tickedAt = now
    if (this.silentForMs() > SILENCE_MS) this.#break('silence')
    else if (this.silentForMs() > PROBE_AFTER_MS) void this.#probe()
  }

  async #probe(): Promise<void> {
    if (this.#probing) return
    this.#probing = true
    await this.#nats.probe(PROBE_MS)
    this.#probing = false
  }
}

const consumerConfig = (start: PushStart, inbox: string): object => ({
  deliver_subject: inbox,
  ack_policy: 'none',
  replay_policy: 'instant',
  max_deliver: 1,
  mem_storage: true,
  num_replicas: 1,
  flow_control: true,
  idle_heartbeat: HEARTBEAT_MS * NANOS_PER_MS,
  inactive_threshold: 10_000 * NANOS_PER_MS,
  ...(start.firstSequence === undefined
    ? { deliver_policy: 'last_per_subject', filter_subject: start.filter ?? '>' }
    : { deliver_policy: 'by_start_sequence', opt_start_seq: Math.max(1, start.firstSequence) }),
  ...(start.filter !== undefined && { filter_subject: start.filter }),
  ...(start.headersOnly && { headers_only: true }),
})

const replyOf = (message: Msg): string =>
  message.reply !== undefined && message.reply !== ''
    ? message.reply
    : (message.headers?.get('Nats-Consumer-Stalled') ?? '')
