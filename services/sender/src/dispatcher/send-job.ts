// One job, from its intent to its outcome (whatsapp.md, L1 to L5).
import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api'
import {
  type CampaignOutcome,
  type DispatchJob,
  headers,
  keys,
  renderMessage,
  type Run,
  runSchema,
  type Send,
} from '@peyk/contracts'
import type { Bucket, DeliveredMessage } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'

import type { SendResult } from '../channel/channel.ts'
import type { SenderMetrics } from '../metrics.ts'
import type { Outcomes } from '../outcomes/outcomes.ts'
import type { OpenNumber } from '../sessions/open-number.ts'
import type { Intents } from './intents.ts'

export interface SendJobDeps {
  readonly intents: Intents
  readonly outcomes: Outcomes
  readonly runs: Bucket
  readonly metrics: SenderMetrics
  readonly log: Log
}

export interface JobToSend {
  readonly number: OpenNumber
  readonly run: Run
  readonly job: DispatchJob
  readonly message: DeliveredMessage
  /** Counts the send, right before it is handed over. */
  readonly onHandOver: () => Promise<void>
}

/** How a send went, as far as pacing cares. */
export type Sent = { readonly result: SendResult | undefined }

const AGAIN_MS = 2_000

/** Answers the job in every case; a failure of NATS gives it back. */
export const sendJob = (deps: SendJobDeps, toSend: JobToSend): Promise<Sent> =>
  inSendSpan(toSend.job, async (span) => {
    try {
      return await sendWithIntent(deps, toSend, span)
    } catch (error) {
      deps.log.warn({ error }, 'send_interrupted')
      toSend.message.nak(AGAIN_MS)
      return { result: undefined }
    }
  })

const sendWithIntent = async (deps: SendJobDeps, toSend: JobToSend, span: Span): Promise<Sent> => {
  const { intents, outcomes, metrics } = deps
  const { number, job, message, run } = toSend
  const send = sendOf(job, number)
  const rendered = renderMessage(run.message, job.variables)
  if (rendered.outcome === 'missing') {
    await outcomes.send(
      number.tenant,
      { ...send, kind: 'failed', reason: 'internal', code: 'missing_variable' },
      job.correlationId,
    )
    message.ack()
    return { result: undefined }
  }
  const intent = await intents.write(number.tenant, send)
  if (intent.outcome === 'refused') {
    metrics.refusedIntents.inc()
    message.ack()
    return { result: undefined }
  }
  let handedOverAt = performance.now()
  const result = await number.connection.send({
    messageId: job.messageId,
    phone: job.phone,
    text: rendered.text,
    signal: number.draining,
    beforeHandOver: async () => {
      const mayGo = await mayHandOver(deps, toSend, rendered.text)
      handedOverAt = performance.now()
      if (mayGo) metrics.queueSeconds.observe(Math.max(0, Date.now() - message.storedAt.getTime()) / 1_000)
      return mayGo
    },
  })
  metrics.sends.inc({ outcome: result.outcome })
  span.setAttribute('peyk.outcome', result.outcome)
  if (result.outcome === 'sent') span.addEvent('ack')
  if (result.outcome === 'sent') metrics.ackSeconds.observe((performance.now() - handedOverAt) / 1_000)
  if (result.outcome === 'failed') metrics.sendFailures.inc({ reason: result.reason })
  await settle(deps, toSend, send, result, intent.sequence)
  return { result }
}

/** The gate is read from the leader after the intent was written: one of both always sees the other (L7). */
const mayHandOver = async ({ runs }: SendJobDeps, { job, number, onHandOver }: JobToSend, text: string) => {
  if (job.testId === undefined) {
    const entry = await runs.get(keys.run(number.tenant, job.campaignId))
    if (entry === undefined || runSchema.parse(entry.json()).gate === 'shut') return false
  }
  await onHandOver()
  number.remember(job.messageId, text)
  return true
}

/** What became of it: a fact is stored before the job is done with. */
const settle = async (
  { outcomes, intents }: SendJobDeps,
  { number, job, message }: JobToSend,
  send: Send,
  result: SendResult,
  sequence: number,
): Promise<void> => {
  if (result.outcome === 'not_handed_over') {
    await intents.withdraw(number.tenant, send, sequence)
    message.nak(AGAIN_MS)
    return
  }
  const outcome = outcomeOf(send, result)
  if (outcome !== undefined) await outcomes.send(number.tenant, outcome, job.correlationId)
  message.ack()
}

/** Undefined for a send without an ack: the ledger decides about it (L3). */
const outcomeOf = (
  send: Send,
  result: Exclude<SendResult, { outcome: 'not_handed_over' }>,
): CampaignOutcome | undefined => {
  switch (result.outcome) {
    case 'sent':
      return { ...send, kind: 'sent', at: result.at.toISOString() }
    case 'not_on_whatsapp':
      return { ...send, kind: 'skipped', reason: 'not_on_whatsapp', at: new Date().toISOString() }
    case 'failed': {
      const reason = result.reason === 'rate_limited' ? 'rejected' : result.reason
      const code = result.code === undefined ? {} : { code: String(result.code) }
      return { ...send, kind: 'failed', reason, ...code, at: new Date().toISOString() }
    }
    case 'no_ack':
      return undefined
  }
}

const sendOf = (job: DispatchJob, { sessionId }: OpenNumber): Send => ({
  campaignId: job.campaignId,
  position: job.position,
  attempt: job.attempt,
  ...(job.testId === undefined ? {} : { testId: job.testId }),
  messageId: job.messageId,
  sessionId,
  at: new Date().toISOString(),
})

const tracer = trace.getTracer('@peyk/sender')

/** A send of a run is a trace of its own, linked to the command; a test send goes on with the command's trace. */
const inSendSpan = async <T>(job: DispatchJob, work: (span: Span) => Promise<T>): Promise<T> => {
  const carrier =
    job.commandTraceparent === undefined ? {} : { [headers.traceparent]: job.commandTraceparent }
  const command = propagation.extract(ROOT_CONTEXT, carrier)
  const commandSpan = trace.getSpanContext(command)
  const isTest = job.testId !== undefined
  const parent = isTest ? command : ROOT_CONTEXT
  const links = isTest || commandSpan === undefined ? [] : [{ context: commandSpan }]
  const attributes = { 'peyk.correlation_id': job.correlationId }
  const span = tracer.startSpan('send', { kind: SpanKind.CONSUMER, links, attributes }, parent)
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span))
  } finally {
    span.end()
  }
}
