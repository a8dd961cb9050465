// The jobs of one consumer, one at hand at a time (SPEC D2).
import { type DispatchJob, dispatchJobSchema } from '@peyk/contracts'
import { ConsumerGone, type DeliveredMessage, type Nats, pullConsumer } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'
import { setTimeout as sleep } from 'node:timers/promises'

import { Wakeup } from '../wakeup.ts'

const STILL_AT_IT_MS = 5_000
const AGAIN_MS = 500
const FOR_EVER_MS = 24 * 3_600_000

/** A job that was taken from the queue and is not answered yet; the queue is told that we are still at it. */
export class HeldJob {
  readonly job: DispatchJob
  readonly #message: DeliveredMessage
  readonly #timer: NodeJS.Timeout

  constructor(job: DispatchJob, message: DeliveredMessage) {
    this.job = job
    this.#message = message
    this.#timer = setInterval(() => message.working(), STILL_AT_IT_MS)
  }

  get queuedAt(): Date {
    return this.#message.storedAt
  }

  /** Done, for good. */
  ack(): void {
    clearInterval(this.#timer)
    this.#message.ack()
  }

  /** Back to the queue. */
  giveBack(delayMs?: number): void {
    clearInterval(this.#timer)
    this.#message.nak(delayMs)
  }
}

export interface JobSourceOptions {
  readonly nats: Nats
  readonly durable: string
  readonly log: Log
  /** A job is at hand. */
  readonly onJob: () => void
}

export class JobSource {
  readonly #options: JobSourceOptions
  readonly #stopped = new AbortController()
  readonly #taken = new Wakeup()
  readonly #ended: Promise<void>
  #atHand: HeldJob | undefined

  constructor(options: JobSourceOptions) {
    this.#options = options
    this.#ended = this.#run()
  }

  get atHand(): DispatchJob | undefined {
    return this.#atHand?.job
  }

  /** Takes the job at hand; the next one is fetched meanwhile. */
  take(): HeldJob | undefined {
    const held = this.#atHand
    this.#atHand = undefined
    this.#taken.wake()
    return held
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#ended
    this.take()?.giveBack()
  }

  /** Campaign may take the consumer away and make it again at any moment: then this begins anew. */
  async #run(): Promise<void> {
    const { durable, log } = this.#options
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        await this.#fetchAll()
      } catch (error) {
        if (!(error instanceof ConsumerGone)) log.error({ durable, error }, 'job_source_failed')
        await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  async #fetchAll(): Promise<void> {
    const { nats, durable, log, onJob } = this.#options
    const { signal } = this.#stopped
    const consumer = pullConsumer(nats, { stream: 'DISPATCH', durable, log })
    try {
      for (let message = await consumer.next(signal); message; message = await consumer.next(signal)) {
        const job = readJob(message)
        if (job === undefined) {
          log.error({ sequence: message.sequence, durable }, 'job_unreadable')
          message.term()
          continue
        }
        this.#atHand = new HeldJob(job, message)
        onJob()
        while (this.atHand !== undefined && !signal.aborted) await this.#taken.wait(FOR_EVER_MS, signal)
      }
    } finally {
      consumer.stop()
    }
  }
}

const readJob = (message: DeliveredMessage): DispatchJob | undefined => {
  try {
    return dispatchJobSchema.parse(message.json())
  } catch {
    return undefined
  }
}
