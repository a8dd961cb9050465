// What waits to go through one number: a job at hand of each campaign that uses it (SPEC D2).
import { dispatchConsumer, type Run, type SessionId, testConsumer } from '@peyk/contracts'
import type { Nats } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'

import type { ConsumerDirectory } from './consumer-directory.ts'
import { type HeldJob, JobSource } from './job-source.ts'
import { isOpen, opensAt, type Runs } from './runs.ts'

export interface NumberQueueDeps {
  readonly nats: Nats
  readonly runs: Runs
  readonly consumers: ConsumerDirectory
  readonly log: Log
}

/** A job that may go now as far as its run is concerned. */
export interface ReadyJob {
  readonly run: Run
  readonly phone: string
  take(): HeldJob | undefined
}

interface Line {
  readonly run: Run
  readonly isForTests: boolean
  readonly source: JobSource
}

export class NumberQueue {
  readonly #deps: NumberQueueDeps
  readonly #sessionId: SessionId
  readonly #onJob: () => void
  readonly #sources = new Map<string, JobSource>()
  readonly #ending = new Set<Promise<void>>()

  constructor(deps: NumberQueueDeps, sessionId: SessionId, onJob: () => void) {
    this.#deps = deps
    this.#sessionId = sessionId
    this.#onJob = onJob
  }

  /** Of each campaign the job that may go; a test send before the others. */
  ready(nowMs: number): readonly ReadyJob[] {
    const ready = new Map<number, ReadyJob>()
    for (const { run, isForTests, source } of this.#lines()) {
      const job = source.atHand
      if (job === undefined) continue
      if (!isForTests && ready.has(run.campaignId)) continue
      if (job.testId === undefined && !isOpen(run, this.#sessionId, nowMs)) continue
      ready.set(run.campaignId, { run, phone: job.phone, take: () => source.take() })
    }
    return [...ready.values()]
  }

  /** How long until a run opens by itself. */
  opensInMs(nowMs: number): number {
    const waits = this.#deps.runs
      .ofSession(this.#sessionId)
      .map((run) => opensAt(run) - nowMs)
      .filter((ms) => ms > 0)
    return Math.min(...waits, Infinity)
  }

  async stop(): Promise<void> {
    for (const durable of [...this.#sources.keys()]) this.#drop(durable)
    await Promise.all(this.#ending)
  }

  /** The consumers that are there now, tests first. */
  #lines(): readonly Line[] {
    const lines: Line[] = []
    const wanted = new Set<string>()
    const runs = this.#deps.runs.ofSession(this.#sessionId)
    for (const isForTests of [true, false]) {
      for (const run of runs) {
        const nameOf = isForTests ? testConsumer : dispatchConsumer
        const durable = nameOf(run.campaignId, this.#sessionId)
        if (!this.#deps.consumers.has(durable)) continue
        wanted.add(durable)
        lines.push({ run, isForTests, source: this.#sourceOf(durable) })
      }
    }
    for (const durable of [...this.#sources.keys()]) if (!wanted.has(durable)) this.#drop(durable)
    return lines
  }

  #sourceOf(durable: string): JobSource {
    const present = this.#sources.get(durable)
    if (present !== undefined) return present
    const { nats, log } = this.#deps
    const source = new JobSource({ nats, durable, log, onJob: this.#onJob })
    this.#sources.set(durable, source)
    return source
  }

  #drop(durable: string): void {
    const source = this.#sources.get(durable)
    this.#sources.delete(durable)
    if (source === undefined) return
    const ending = source.stop()
    this.#ending.add(ending)
    void ending.finally(() => this.#ending.delete(ending))
  }
}
