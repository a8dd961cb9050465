/*
 * Pulling from a durable consumer, one message for each that is asked for.
 *
 * - A request asks the server for one message and stays open for EXPIRES_MS; the number of open requests never exceeds the
 *   number of callers that wait. A request that outlives its caller keeps its place for the next one.
 * - A message that arrives with nobody waiting is kept for the next caller, and given back when the consumer is stopped.
 * - A request is over when its message came, when the server ended it with a status, when the connection came back (the
 *   server has forgotten it), or when its heartbeats stop. Then another one is made for whoever still waits.
 * - A request to a consumer that is not there gets no answer at all: when heartbeats stop, that is looked at first.
 * - A message does not tell which request it answers. The server serves the oldest first, so that is taken for it.
 */
import type { Msg, Subscription } from 'nats'

import type { Nats } from '../connection.ts'
import { ArrivedMessage, type DeliveryInfo, readDelivery } from '../delivery.ts'
import { ConsumerGone, NoStream } from '../errors.ts'
import { errorLine, type Log, silentLog } from '../log.ts'
import { encodePayload, type StoredMessage } from '../message.ts'
import { backOffMs, pause } from '../wait.ts'
import { consumerBacklog, type ConsumerDefinition, ensureConsumer } from './durable-consumer.ts'

/** A message that has to be answered with one of `ack`, `nak` or `term`. */
export interface DeliveredMessage extends StoredMessage {
  readonly stream: string
  readonly redelivered: boolean
  /** 1 at the first delivery. */
  readonly deliveryCount: number
  ack(): void
  /** Comes again, after the delay if one is given. */
  nak(delayMs?: number): void
  /** Still at it: the server starts counting `ackWaitMs` anew. */
  working(): void
  /** Never comes again. */
  term(): void
}

export interface PullConsumerOptions {
  readonly stream: string
  readonly durable: string
  /** Given: the consumer is made, and made again if it was deleted. Else it must be there, and `next` throws ConsumerGone. */
  readonly create?: Omit<ConsumerDefinition, 'stream' | 'durable'>
  readonly log?: Log
}

export interface PullConsumer {
  /** The next message; undefined when the signal aborted or the consumer was stopped. Throws ConsumerGone. */
  next(signal?: AbortSignal): Promise<DeliveredMessage | undefined>
  /** Gives back what was fetched and not taken. */
  stop(): void
}

const EXPIRES_MS = 30_000
const HEARTBEAT_MS = 3_000
const LOST_AFTER_MS = 7_000
const NANOS_PER_MS = 1_000_000

/** Takes messages of a durable consumer one by one, as the caller asks for them. */
export function pullConsumer(nats: Nats, options: PullConsumerOptions): PullConsumer {
  return new Puller(nats, options)
}

class Puller implements PullConsumer {
  readonly #nats: Nats
  readonly #options: PullConsumerOptions
  readonly #log: Log
  readonly #inbox: string
  readonly #subscription: Subscription
  readonly #offStatus: () => void
  readonly #stopped = new AbortController()
  /** Open requests by their token, oldest first, with the time when they count as lost. */
  readonly #requests = new Map<string, number>()
  readonly #waiting = new Set<() => void>()
  readonly #arrived: DeliveredMessage[] = []
  readonly #sweep: NodeJS.Timeout
  #nextToken = 0
  #ensured = false
  #recovering: Promise<void> | undefined
  #failure: Error | undefined

  constructor(nats: Nats, options: PullConsumerOptions) {
    this.#nats = nats
    this.#inbox = nats.inbox()
    this.#options = options
    this.#log = options.log ?? silentLog
    this.#subscription = nats.connection.subscribe(`${this.#inbox}.*`, {
      callback: (_error, message) => this.#receive(message),
    })
    this.#offStatus = nats.onStatus((status) => status === 'connected' && this.#forgetRequests())
    this.#sweep = setInterval(() => this.#dropLost(), 1_000)
    this.#sweep.unref()
  }

  async next(signal?: AbortSignal): Promise<DeliveredMessage | undefined> {
    for (;;) {
      if (signal?.aborted || this.#stopped.signal.aborted) return undefined
      const message = this.#arrived.shift()
      if (message !== undefined) return message
      this.#throwFailure()
      await this.#something(signal)
    }
  }

  stop(): void {
    if (this.#stopped.signal.aborted) return
    this.#stopped.abort()
    clearInterval(this.#sweep)
    this.#offStatus()
    this.#subscription.unsubscribe()
    for (const message of this.#arrived.splice(0)) message.nak()
    this.#wakeAll()
  }

  #throwFailure(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
  }

  async #something(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      signal?.addEventListener('abort', wake, { once: true })
      this.#waiting.add(wake)
      this.#pull()
    })
  }

  /** Opens as many requests as callers wait without one. */
  #pull(): void {
    if (this.#recovering !== undefined || this.#stopped.signal.aborted) return
    if (!this.#ensured) {
      this.#recover()
      return
    }
    if (!this.#nats.isConnected()) return
    while (this.#requests.size < this.#waiting.size) this.#request()
  }

  #request(): void {
    const token = String((this.#nextToken += 1))
    this.#requests.set(token, performance.now() + LOST_AFTER_MS)
    const { stream, durable } = this.#options
    const body = encodePayload({
      batch: 1,
      expires: EXPIRES_MS * NANOS_PER_MS,
      idle_heartbeat: HEARTBEAT_MS * NANOS_PER_MS,
    })
    const reply = `${this.#inbox}.${token}`
    this.#nats.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, body, { reply })
  }

  #receive(source: Msg): void {
    const info = readDelivery(source.reply)
    if (info === undefined) {
      this.#receiveStatus(source)
      return
    }
    this.#over(undefined)
    this.#arrived.push(new PulledMessage(this.#nats, source, info))
    this.#wakeOne()
  }

  #receiveStatus(source: Msg): void {
    const token = source.subject.slice(this.#inbox.length + 1)
    const { code, description } = source.headers ?? { code: 0, description: '' }
    if (code === 100) {
      const alive = this.#known(token)
      if (alive !== undefined) this.#requests.set(alive, performance.now() + LOST_AFTER_MS)
      return
    }
    this.#over(token)
    // 404 and 408: nothing came within the time. 409: the consumer was deleted, its leader changed, too much was asked.
    if (code === 409 && /deleted/i.test(description)) this.#recover()
    else if (code === 404 || code === 408) this.#pull()
    else void pause(250, this.#stopped.signal).then(() => this.#pull())
  }

  #over(token: string | undefined): void {
    const known = this.#known(token)
    if (known !== undefined) this.#requests.delete(known)
  }

  #known(token: string | undefined): string | undefined {
    if (token !== undefined && this.#requests.has(token)) return token
    const [oldest] = this.#requests.keys()
    return oldest
  }

  /** The consumer is not there, or its leader is not: finds out, makes it if that is our task, and pulls again. */
  #recover(): void {
    this.#recovering ??= this.#untilThere().finally(() => {
      this.#recovering = undefined
      this.#requests.clear()
      if (this.#failure === undefined) this.#pull()
      else this.#wakeAll()
    })
  }

  async #untilThere(): Promise<void> {
    const { stream, durable, create } = this.#options
    // While a leader is elected the consumer is there and does not answer: no reason to ask in a hot loop.
    if (this.#ensured && create !== undefined) await pause(50, this.#stopped.signal)
    for (let attempt = 0; !this.#stopped.signal.aborted; attempt += 1) {
      try {
        if (create !== undefined) await ensureConsumer(this.#nats, { stream, durable, ...create })
        else if ((await consumerBacklog(this.#nats, stream, durable)) === undefined)
          this.#failure = new ConsumerGone(stream, durable)
        this.#ensured = this.#failure === undefined
        return
      } catch (error) {
        const missing = error instanceof NoStream
        if (missing || attempt > 0)
          this.#log.warn({ stream, durable, error: errorLine(error) }, 'no consumer yet')
        await pause(backOffMs(attempt, 100, 5_000), this.#stopped.signal)
      }
    }
  }

  #forgetRequests(): void {
    this.#requests.clear()
    this.#pull()
  }

  #dropLost(): void {
    const now = performance.now()
    const isLost = [...this.#requests.values()].some((lostAt) => lostAt < now)
    if (isLost && this.#nats.isConnected()) this.#recover()
    else this.#pull()
  }

  #wakeOne(): void {
    const [wake] = this.#waiting
    wake?.()
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}

class PulledMessage extends ArrivedMessage implements DeliveredMessage {
  readonly deliveryCount: number
  readonly #nats: Nats
  readonly #reply: string

  constructor(nats: Nats, source: Msg, info: DeliveryInfo) {
    super(source, info)
    this.deliveryCount = info.deliveryCount
    this.#nats = nats
    this.#reply = source.reply ?? ''
  }

  get redelivered(): boolean {
    return this.deliveryCount > 1
  }

  ack(): void {
    this.#answer('+ACK')
  }

  nak(delayMs?: number): void {
    this.#answer(delayMs === undefined ? '-NAK' : `-NAK ${JSON.stringify({ delay: delayMs * NANOS_PER_MS })}`)
  }

  working(): void {
    this.#answer('+WPI')
  }

  term(): void {
    this.#answer('+TERM')
  }

  /** An answer that gets lost means one more delivery, which every handler has to bear anyway. */
  #answer(word: string): void {
    if (this.#nats.isConnected()) this.#nats.connection.publish(this.#reply, word)
  }
}
