// What campaign does, as far as a sender sees it: runs, jobs, consumers, and what it reads of OUTCOMES.
import { createHash } from 'node:crypto'

import {
  type CampaignId,
  campaignIdSchema,
  type CampaignOutcome,
  campaignOutcomeSchema,
  type DispatchJob,
  dispatchConsumer,
  type IntentMessage,
  intentMessageSchema,
  keys,
  type MessageId,
  messageIdSchema,
  phoneSchema,
  type Run,
  type Send,
  type SessionId,
  subjects,
  testConsumer,
} from '@peyk/contracts'
import { consumerBacklog, createPublisher, ensureConsumer, openBucket } from '@peyk/messaging'

import { tenant, type World } from './world.ts'

export const phoneOf = (position: number, start = 989_130_000_001) =>
  phoneSchema.parse(String(start + position))

const messageIdAt = (campaignId: CampaignId, position: number): MessageId => {
  const digest = createHash('sha256').update(`${campaignId}/${position}`).digest('hex')
  return messageIdSchema.parse(`3EB0${digest.slice(0, 18).toUpperCase()}`)
}

const jobAt = (
  campaignId: CampaignId,
  position: number,
  variables: Readonly<Record<string, string>> = { name: `نام ${position}` },
): DispatchJob => ({
  campaignId,
  position,
  attempt: 1,
  messageId: messageIdAt(campaignId, position),
  phone: phoneOf(position),
  variables: { ...variables },
  correlationId: 'correlation-1',
})

let campaigns = 0

export type TestRun = Awaited<ReturnType<typeof startRun>>

export const startRun = async (
  world: World,
  sessionId: SessionId,
  wish: Partial<Run> = {},
  {
    ackWaitMs = 15_000,
    variables,
  }: { readonly ackWaitMs?: number; readonly variables?: Readonly<Record<string, string>> } = {},
) => {
  const campaignId: CampaignId = campaignIdSchema.parse((campaigns += 1))
  const publisher = createPublisher(world.nats)
  const bucket = openBucket(world.nats, 'runs')
  const base: Run = {
    tenant,
    campaignId,
    gate: 'open',
    message: 'سلام {{name}}',
    intervalMs: 10,
    sessionIds: [sessionId],
    ...wish,
  }
  const put = (more: Partial<Run> = {}) => bucket.put(keys.run(tenant, campaignId), { ...base, ...more })
  const messageIdOf = (position: number) => messageIdAt(campaignId, position)
  const job = (position: number) => jobAt(campaignId, position, variables)
  const consumer = (isForTests: boolean) =>
    ensureConsumer(world.nats, {
      stream: 'DISPATCH',
      durable: (isForTests ? testConsumer : dispatchConsumer)(campaignId, sessionId),
      filter: (isForTests ? subjects.dispatchTest : subjects.dispatch)(tenant, campaignId, sessionId),
      maxAckPending: 2,
      ackWaitMs,
    })
  await put()
  await consumer(false)

  const outcomes = async (): Promise<CampaignOutcome[]> =>
    (await world.messages('OUTCOMES', `outcomes.${tenant}.campaign.${campaignId}.*`)).map((message) =>
      campaignOutcomeSchema.parse(message.json()),
    )
  return {
    campaignId,
    put,
    job,
    messageIdOf,
    outcomes,
    /** A job that is published under another name stands in the queue twice. */
    publish: async (positions: Iterable<number>, name = 'job') => {
      const subject = subjects.dispatch(tenant, campaignId, sessionId)
      const jobs = [...positions].map((position) => ({
        subject,
        payload: job(position),
        id: `${name}.${messageIdOf(position)}`,
      }))
      await publisher.publishAll(jobs)
    },
    publishTest: async (testId: string) => {
      await consumer(true)
      const subject = subjects.dispatchTest(tenant, campaignId, sessionId)
      await publisher.publish(subject, { ...job(0), testId })
    },
    /** The jobs that nobody has answered yet. */
    backlog: async () => {
      const backlog = await consumerBacklog(world.nats, 'DISPATCH', dispatchConsumer(campaignId, sessionId))
      return backlog === undefined ? undefined : backlog.pending + backlog.unacknowledged
    },
    /** A process that is gone by now was about to send this, or has. */
    claimAsAnother: async (position: number) => {
      const { attempt, messageId } = job(position)
      const at = new Date().toISOString()
      const send: Send = { campaignId, position, attempt, messageId, sessionId, at }
      const intent: IntentMessage = { ...send, kind: 'intent', owner: 'another' }
      await publisher.publish(subjects.intent(tenant, messageId), intent, { expectedLastSubjectSequence: 0 })
    },
    unresolved: () => unresolvedOf(world, campaignId, outcomes),
  }
}

/** Positions whose last word is an intent: without an outcome they become `unconfirmed`. */
const unresolvedOf = async (
  world: World,
  campaignId: CampaignId,
  outcomes: () => Promise<CampaignOutcome[]>,
): Promise<number[]> => {
  const settled = new Set((await outcomes()).map(({ position }) => position))
  const last = new Map<number, string>()
  for (const message of await world.messages('OUTCOMES', `intents.${tenant}.*`)) {
    const intent = intentMessageSchema.parse(message.json())
    if (intent.campaignId === campaignId) last.set(intent.position, intent.kind)
  }
  return [...last].filter(([position, kind]) => kind === 'intent' && !settled.has(position)).map(([p]) => p)
}
