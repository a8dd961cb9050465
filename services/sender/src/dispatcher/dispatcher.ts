// Sends through the numbers that this process owns, each in a loop of its own: one send at a time, when pacing lets it.
import type { SessionOutcome } from '@peyk/contracts'

import {
  countSend,
  nextTurn,
  type NumberPace,
  openingPace,
  type PacingRules,
  rest,
  timelock,
} from '../pacing/pacing.ts'
import { openSendHistory, type SendHistory } from '../pacing/send-history.ts'
import type { OpenNumber, Serve } from '../sessions/open-number.ts'
import { Wakeup } from '../wakeup.ts'
import { NumberQueue, type NumberQueueDeps, type ReadyJob } from './number-queue.ts'
import { type JobEnd, type SendDeps, sendJob } from './send-job.ts'

const REST_MS = 15 * 60_000
const AFTER_TROUBLE_MS = 5_000

export interface DispatcherDeps extends Omit<SendDeps, 'runs'>, NumberQueueDeps {
  readonly pacing: PacingRules
}

export const createDispatcher =
  (deps: DispatcherDeps): Serve =>
  async (number) => {
    const history = await openSendHistory(number.credentials, deps.now())
    const loop = new NumberLoop(deps, number, history)
    await loop.run()
  }

class NumberLoop {
  readonly #deps: DispatcherDeps
  readonly #number: OpenNumber
  readonly #history: SendHistory
  readonly #wakeup = new Wakeup()
  readonly #queue: NumberQueue
  #pace: NumberPace

  constructor(deps: DispatcherDeps, number: OpenNumber, history: SendHistory) {
    this.#deps = deps
    this.#number = number
    this.#history = history
    this.#pace = openingPace(history.linkedAtMs, history.sends, deps.pacing)
    this.#queue = new NumberQueue(deps, number.sessionId, () => this.#wakeup.wake())
  }

  async run(): Promise<void> {
    const wake = () => this.#wakeup.wake()
    const offs = [this.#deps.runs.onChange(wake), this.#deps.consumers.onChange(wake)]
    const { draining } = this.#number
    try {
      while (!draining.aborted) {
        const { waitMs, isPacing } = await this.#sendNext()
        if (waitMs === 0) continue
        const since = performance.now()
        await this.#wakeup.wait(waitMs, draining)
        if (isPacing) this.#deps.metrics.pacingWaitSeconds.inc((performance.now() - since) / 1_000)
      }
    } finally {
      for (const off of offs) off()
      await this.#queue.stop()
    }
  }

  /** Sends what may go now; answers how long nothing may, and whether that is for a message that is ready. */
  async #sendNext(): Promise<{ readonly waitMs: number; readonly isPacing: boolean }> {
    const deps = this.#deps
    const nowMs = deps.now()
    const ready = await Promise.all(
      this.#queue
        .ready(nowMs)
        .map(async (job) => ({ job, toNewContact: await this.#isNewContact(job.phone) })),
    )
    const candidates = ready.map(({ job, toNewContact }) => ({
      campaignId: job.run.campaignId,
      toNewContact,
    }))
    const turn = nextTurn(this.#pace, deps.pacing, candidates, nowMs)
    if (!turn.go)
      return { waitMs: Math.min(turn.waitMs, this.#queue.opensInMs(nowMs)), isPacing: ready.length > 0 }
    const chosen = ready.find(({ job }) => job.run.campaignId === turn.campaignId)
    if (chosen !== undefined && !this.#number.draining.aborted)
      await this.#send(chosen.job, chosen.toNewContact)
    return { waitMs: 0, isPacing: false }
  }

  async #send(ready: ReadyJob, toNewContact: boolean): Promise<void> {
    const held = ready.take()
    if (held === undefined) return
    const { job, queuedAt } = held
    const count = async () => {
      const atMs = this.#deps.now()
      const send = { campaignId: job.campaignId, toNewContact, intervalMs: ready.run.intervalMs }
      this.#pace = countSend(this.#pace, this.#deps.pacing, { ...send, chance: Math.random() }, atMs)
      if (this.#deps.pacing.limits !== undefined)
        await this.#history.record({ atMs, toNewContact }, job.phone)
    }
    try {
      const end = await sendJob(this.#deps, { number: this.#number, run: ready.run, job, queuedAt, count })
      if (end.job === 'done') held.ack()
      else held.giveBack(end.afterMs)
      await this.#heed(end.number)
    } catch (error) {
      // Whatever was done of it, its intent says so when the job comes again.
      held.giveBack(AFTER_TROUBLE_MS)
      this.#deps.log.warn({ campaignId: job.campaignId, messageId: job.messageId, error }, 'send_interrupted')
    }
  }

  /** Contacts are not remembered while caps are off. */
  async #isNewContact(phone: string): Promise<boolean> {
    return this.#deps.pacing.limits === undefined || (await this.#history.isNewContact(phone))
  }

  async #heed(said: JobEnd['number']): Promise<void> {
    if (said === 'rate_limited') {
      const until = this.#deps.now() + REST_MS
      this.#pace = rest(this.#pace, until)
      await this.#tell('resting', until)
    }
    if (said === 'reach_out_locked') {
      const limits = await this.#number.connection.newContactLimits().catch(() => undefined)
      const until = limits?.timelockedUntil?.getTime()
      if (until === undefined) return
      this.#deps.metrics.timelocks.inc()
      this.#pace = timelock(this.#pace, until)
      await this.#tell('timelocked', until)
    }
  }

  async #tell(kind: 'resting' | 'timelocked', untilMs: number): Promise<void> {
    const { tenant, sessionId, draining } = this.#number
    const at = new Date(this.#deps.now()).toISOString()
    const outcome: SessionOutcome = { kind, sessionId, at, until: new Date(untilMs).toISOString() }
    await this.#deps.outcomes.session(tenant, outcome, draining)
  }
}
