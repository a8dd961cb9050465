// The sends of one open number: one at a time, fair between campaigns, when pacing says so.
import { dispatchConsumer, type DispatchJob, dispatchJobSchema, type Run } from '@peyk/contracts'
import { type DeliveredMessage, type Nats, pullConsumer, type PullConsumer } from '@peyk/messaging'

import {
  countSend,
  nextTurn,
  openingPace,
  type NumberPace,
  type PacingRules,
  rest,
  timelock,
} from '../pacing/pacing.ts'
import { openSendHistory, type SendHistory } from '../pacing/send-history.ts'
import type { OpenNumber, Serve } from '../sessions/open-number.ts'
import { Wakeup } from '../wakeup.ts'
import type { Runs } from './runs.ts'
import { sendJob, type SendJobDeps } from './send-job.ts'

export interface ServeDeps extends SendJobDeps {
  readonly nats: Nats
  readonly watched: Runs
  readonly rules: PacingRules
}

/** The jobs of one campaign for this number; at most one is in hand. */
interface Lane {
  readonly puller: PullConsumer
  run: Run
  inHand:
    | { readonly job: DispatchJob; readonly message: DeliveredMessage; readonly toNewContact: boolean }
    | undefined
}

const IDLE_MS = 1_000
const SHUT_AGAIN_MS = 1_000
const WORKING_EVERY_MS = 15_000
const REST_MS = 60_000

export const createServe =
  (deps: ServeDeps): Serve =>
  async (number) => {
    const history = await openSendHistory(number.credentials, Date.now())
    await new NumberServer(deps, number, history).run()
  }

class NumberServer {
  readonly #deps: ServeDeps
  readonly #number: OpenNumber
  readonly #history: SendHistory
  readonly #lanes = new Map<number, Lane>()
  readonly #changed = new Wakeup()
  #pace: NumberPace

  constructor(deps: ServeDeps, number: OpenNumber, history: SendHistory) {
    this.#deps = deps
    this.#number = number
    this.#history = history
    this.#pace = openingPace(history.linkedAtMs, history.sends, deps.rules)
  }

  async run(): Promise<void> {
    const off = this.#deps.watched.onChange(() => this.#changed.wake())
    try {
      while (!this.#number.draining.aborted) {
        this.#openLanes()
        const waitMs = await this.#step()
        if (waitMs > 0) await this.#changed.wait(Math.min(waitMs, WORKING_EVERY_MS), this.#number.draining)
      }
    } finally {
      off()
      for (const lane of this.#lanes.values()) this.#close(lane)
    }
  }

  #openLanes(): void {
    const runs = new Map(this.#deps.watched.of(this.#number.sessionId).map((run) => [run.campaignId, run]))
    for (const [id, lane] of this.#lanes) {
      const run = runs.get(id as Run['campaignId'])
      if (run !== undefined) lane.run = run
      else {
        this.#close(lane)
        this.#lanes.delete(id)
      }
    }
    for (const run of runs.values()) if (!this.#lanes.has(run.campaignId)) this.#open(run)
  }

  #open(run: Run): void {
    const durable = dispatchConsumer(run.campaignId, this.#number.sessionId)
    const lane: Lane = {
      run,
      inHand: undefined,
      puller: pullConsumer(this.#deps.nats, { stream: 'DISPATCH', durable }),
    }
    this.#lanes.set(run.campaignId, lane)
    void this.#fill(lane)
  }

  /** A job that is being waited for when the lane closes is given back by the puller. */
  async #fill(lane: Lane): Promise<void> {
    while (this.#lanes.get(lane.run.campaignId) === lane && !this.#number.draining.aborted) {
      try {
        const message = await lane.puller.next(this.#number.draining)
        if (message === undefined) return
        const job = dispatchJobSchema.parse(message.json())
        lane.inHand = { job, message, toNewContact: await this.#history.isNewContact(job.phone) }
        this.#changed.wake()
        return
      } catch {
        // The consumer is made by campaign, a moment before its first job.
        await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
      }
    }
  }

  /** Sends what may be sent now; returns how long to wait for the next look. */
  async #step(): Promise<number> {
    const now = Date.now()
    const ready = [...this.#lanes.values()].filter((lane) => this.#isReady(lane, now))
    const candidates = ready.flatMap(({ run, inHand }) =>
      inHand === undefined ? [] : [{ campaignId: run.campaignId, toNewContact: inHand.toNewContact }],
    )
    const turn = nextTurn(this.#pace, this.#deps.rules, candidates, now)
    if (!turn.go) {
      for (const { inHand } of ready) inHand?.message.working()
      if (ready.length > 0)
        this.#deps.metrics.pacingWaitSeconds.inc(Math.min(turn.waitMs, WORKING_EVERY_MS) / 1_000)
      return ready.length === 0 ? IDLE_MS : turn.waitMs
    }
    const lane = this.#lanes.get(turn.campaignId)
    if (lane !== undefined) await this.#send(lane)
    return 0
  }

  /** A job of a shut gate goes back; a test send passes the gate. */
  #isReady(lane: Lane, now: number): boolean {
    const { inHand, run } = lane
    if (inHand === undefined) return false
    if (inHand.job.testId !== undefined) return true
    if (run.gate === 'shut') {
      inHand.message.nak(SHUT_AGAIN_MS)
      this.#refill(lane)
      return false
    }
    return run.notBefore === undefined || Date.parse(run.notBefore) <= now
  }

  #refill(lane: Lane): void {
    lane.inHand = undefined
    void this.#fill(lane)
  }

  async #send(lane: Lane): Promise<void> {
    const { inHand, run } = lane
    if (inHand === undefined) return
    const { job, message, toNewContact } = inHand
    const onHandOver = async () => {
      const atMs = Date.now()
      const counted = {
        campaignId: run.campaignId,
        toNewContact,
        intervalMs: run.intervalMs,
        chance: Math.random(),
      }
      this.#pace = countSend(this.#pace, this.#deps.rules, counted, atMs)
      if (this.#deps.rules.limits !== undefined) await this.#history.record({ atMs, toNewContact }, job.phone)
    }
    const { result } = await sendJob(this.#deps, { number: this.#number, run, job, message, onHandOver })
    if (result?.outcome === 'failed' && result.reason === 'rate_limited')
      this.#pace = rest(this.#pace, Date.now() + REST_MS)
    if (result?.outcome === 'failed' && result.reason === 'reach_out_locked') await this.#readTimelock()
    this.#refill(lane)
  }

  /** 463: with a timelock new contacts wait until it ends; without one only that contact failed. */
  async #readTimelock(): Promise<void> {
    const { timelockedUntil } = await this.#number.connection
      .newContactLimits()
      .catch(() => ({ timelockedUntil: undefined }))
    if (timelockedUntil === undefined) return
    this.#deps.metrics.timelocks.inc()
    this.#pace = timelock(this.#pace, timelockedUntil.getTime())
  }

  #close(lane: Lane): void {
    lane.inHand?.message.nak()
    lane.inHand = undefined
    lane.puller.stop()
  }
}
