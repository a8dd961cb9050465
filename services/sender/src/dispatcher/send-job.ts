// One job, from the intent to the outcome (SPEC L1 to L7, D1, D3).
import type { Span } from '@opentelemetry/api'
import {
  type CampaignOutcome,
  type DispatchJob,
  type FailureReason,
  renderMessage,
  type Run,
  type Send,
} from '@peyk/contracts'
import type { Log } from '@peyk/service-kit'

import type { NotHandedOverReason, SendResult } from '../channel/channel.ts'
import type { SenderMetrics } from '../metrics.ts'
import type { Outcomes } from '../outcomes/outcomes.ts'
import type { OpenNumber } from '../sessions/open-number.ts'
import type { Intents } from './intents.ts'
import { isOpen, type Runs } from './runs.ts'
import { withSendSpan } from './send-trace.ts'

const HAND_OVER_WITHIN_MS = 14_000
const LATER_MS = 5_000
const SOON_MS = 1_000

export interface SendDeps {
  readonly intents: Intents
  readonly outcomes: Outcomes
  readonly runs: Pick<Runs, 'newest'>
  readonly metrics: SenderMetrics
  readonly log: Log
  readonly now: () => number
}

export interface SendTask {
  readonly number: OpenNumber
  readonly run: Run
  readonly job: DispatchJob
  readonly queuedAt: Date
  /** Counts the send for pacing, durably; called once, right before it goes. */
  readonly count: () => Promise<void>
}

/** What is to be done with the job, and what WhatsApp said of the number. */
export type JobEnd =
  | { readonly job: 'done'; readonly number?: 'rate_limited' | 'reach_out_locked' }
  | { readonly job: 'again'; readonly afterMs: number; readonly number?: 'rate_limited' }

/** Why a message that was ours to send did not go. */
type Obstacle = NotHandedOverReason | 'not_prepared'

type Verdict = CampaignOutcome extends infer Each
  ? Each extends CampaignOutcome
    ? Omit<Each, keyof Send>
    : never
  : never

export const sendJob = (deps: SendDeps, task: SendTask): Promise<JobEnd> =>
  withSendSpan(task.job, (span) => new JobRun(deps, task, span).run())

class JobRun {
  readonly #deps: SendDeps
  readonly #task: SendTask
  readonly #span: Span
  readonly #send: Send
  readonly #startedAt = performance.now()

  constructor(deps: SendDeps, task: SendTask, span: Span) {
    const { job, number } = task
    this.#deps = deps
    this.#task = task
    this.#span = span
    this.#send = {
      campaignId: job.campaignId,
      position: job.position,
      attempt: job.attempt,
      ...(job.testId === undefined ? {} : { testId: job.testId }),
      messageId: job.messageId,
      sessionId: number.sessionId,
      at: new Date(deps.now()).toISOString(),
    }
  }

  async run(): Promise<JobEnd> {
    const { job, run, number } = this.#task
    const rendered = renderMessage(run.message, job.variables)
    if (rendered.outcome === 'missing') {
      this.#deps.log.error({ campaignId: job.campaignId, position: job.position }, 'variable_missing')
      return this.#conclude({ kind: 'failed', reason: 'internal', code: 'missing_variable' })
    }
    const intent = await this.#deps.intents.claim(number.tenant, this.#send)
    if (intent === undefined) {
      this.#deps.metrics.refusedIntents.inc()
      this.#span.addEvent('intent refused')
      return { job: 'done' }
    }
    const obstacle = await this.#obstacle()
    if (obstacle !== undefined) return this.#withdraw(intent, obstacle)
    number.remember(job.messageId, rendered.text)
    return this.#settle(intent, await this.#handOver(rendered.text))
  }

  /** Why the message cannot go now, although it is ours to send. */
  async #obstacle(): Promise<Obstacle | undefined> {
    const { job, run, number, count } = this.#task
    try {
      if (job.testId === undefined) {
        const newest = await this.#deps.runs.newest(run)
        if (!isOpen(newest, number.sessionId, this.#deps.now())) return 'gate_shut'
      }
      await count()
      return number.draining.aborted ? 'aborted' : undefined
    } catch (error) {
      this.#deps.log.warn({ error }, 'send_not_prepared')
      return 'not_prepared'
    }
  }

  async #handOver(text: string): Promise<SendResult> {
    const { job, number } = this.#task
    const late = new AbortController()
    const signal = AbortSignal.any([late.signal, number.draining])
    const leftMs = HAND_OVER_WITHIN_MS - (performance.now() - this.#startedAt)
    const timer = setTimeout(() => late.abort(), Math.max(0, leftMs))
    let handedOverAt = performance.now()
    const result = await number.connection.send({
      messageId: job.messageId,
      phone: job.phone,
      text,
      signal,
      beforeHandOver: () => {
        handedOverAt = performance.now()
        return handedOverAt - this.#startedAt < HAND_OVER_WITHIN_MS
      },
    })
    clearTimeout(timer)
    this.#note(result, handedOverAt)
    return result
  }

  async #settle(intent: number, result: SendResult): Promise<JobEnd> {
    switch (result.outcome) {
      case 'sent':
        return this.#conclude({ kind: 'sent' }, result.at)
      case 'not_on_whatsapp':
        return this.#conclude({ kind: 'skipped', reason: 'not_on_whatsapp' })
      case 'failed': {
        const end = await this.#conclude(failureOf(result))
        const { reason } = result
        return reason === 'rate_limited' || reason === 'reach_out_locked' ? { ...end, number: reason } : end
      }
      case 'not_handed_over':
        return this.#withdraw(intent, result.reason)
      case 'no_ack':
        return { job: 'done' }
    }
  }

  async #withdraw(intent: number, reason: Obstacle): Promise<JobEnd> {
    const { number } = this.#task
    this.#span.setAttribute('peyk.withdrawn', reason)
    await this.#deps.intents.withdraw(number.tenant, this.#send, intent)
    const isLate = performance.now() - this.#startedAt >= HAND_OVER_WITHIN_MS
    if (reason === 'timed_out' || (isLate && !number.draining.aborted)) number.endSocket()
    const again = { job: 'again', afterMs: reason === 'lookup_failed' ? LATER_MS : SOON_MS } as const
    return reason === 'rate_limited' ? { ...again, number: reason } : again
  }

  async #conclude(verdict: Verdict, at?: Date): Promise<{ readonly job: 'done' }> {
    const outcome: CampaignOutcome = {
      ...this.#send,
      ...verdict,
      at: (at ?? new Date(this.#deps.now())).toISOString(),
    }
    await this.#deps.outcomes.send(this.#task.number.tenant, outcome, this.#task.job.correlationId)
    return { job: 'done' }
  }

  #note(result: SendResult, handedOverAt: number): void {
    const { metrics } = this.#deps
    const { queuedAt } = this.#task
    const sinceHandOverMs = performance.now() - handedOverAt
    metrics.sends.inc({ outcome: result.outcome })
    this.#span.setAttribute('peyk.outcome', result.outcome)
    if (result.outcome === 'failed') metrics.sendFailures.inc({ reason: result.reason })
    if (result.outcome !== 'sent') return
    this.#span.addEvent('ack')
    metrics.ackSeconds.observe(sinceHandOverMs / 1_000)
    const waitedMs = this.#deps.now() - sinceHandOverMs - queuedAt.getTime()
    metrics.queueSeconds.observe(Math.max(0, waitedMs) / 1_000)
  }
}

const failureOf = ({
  reason,
  code,
}: Extract<SendResult, { outcome: 'failed' }>): Extract<Verdict, { kind: 'failed' }> => {
  const told: FailureReason = reason === 'rate_limited' ? 'rejected' : reason
  const number = code ?? (reason === 'rate_limited' ? 429 : undefined)
  return { kind: 'failed', reason: told, ...(number === undefined ? {} : { code: String(number) }) }
}
