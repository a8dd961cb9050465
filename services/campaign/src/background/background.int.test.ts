// The background work on a real nats-server and event store, with a sender that the test plays.
import { randomBytes, randomUUID } from 'node:crypto'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  type CampaignCommand,
  campaignIdSchema,
  type CampaignId,
  dispatchConsumer,
  dispatchJobSchema,
  type DispatchJob,
  eventStreams,
  keys,
  natsTopology,
  phoneSchema,
  type RecordedOutcome,
  runSchema,
  sessionIdSchema,
  subjects,
  tenantIdSchema,
  userIdSchema,
} from '@peyk/contracts'
import { connectEventStore, type EventStore, handleCommand } from '@peyk/event-sourcing'
import { spawnEventStore } from '@peyk/eventstore-embedded'
import {
  connectNats,
  createPublisher,
  ensureStreams,
  lastMessageOf,
  type Nats,
  type NatsServer,
  openBucket,
  pullConsumer,
  readSubjects,
  startNatsServer,
  streamEpoch,
} from '@peyk/messaging'
import { eventually, temporaryFolder, type TemporaryFolder } from '@peyk/testing'
import { Registry } from 'prom-client'

import { campaignStream } from '../domain/campaign/stream.ts'
import { type Background, startBackground } from './background.ts'
import { createCampaignControl } from './control.ts'

const nothing = () => undefined
const silentLog = { debug: nothing, info: nothing, warn: nothing, error: nothing }
/** Waits until the expectations hold. */
const holds = (expectations: () => Promise<void>) =>
  eventually(async () => {
    await expectations()
    return true
  })
const tenant = tenantIdSchema.parse('acme')
const ownerId = userIdSchema.parse('1')
const sessionId = sessionIdSchema.parse(`wa_${'a'.repeat(20)}`)

let server: NatsServer
let eventStore: Awaited<ReturnType<typeof spawnEventStore>>
let store: EventStore
let nats: Nats
let folder: TemporaryFolder
let background: Background
let next = 0

beforeAll(async () => {
  ;[server, eventStore] = await Promise.all([startNatsServer(), spawnEventStore()])
  store = connectEventStore(eventStore.url)
  nats = await connectNats({ url: server.url, name: 'test' })
}, 60_000)
afterAll(async () => {
  await nats.close()
  await store.close()
  await Promise.all([server.dispose(), eventStore.stop()])
})
beforeEach(async () => {
  folder = await temporaryFolder()
  background = start()
})
afterEach(async () => {
  await background.stop()
  await folder.remove()
})

const start = (unconfirmedAfterMs = 60_000) =>
  startBackground({
    nats,
    store,
    dataDir: folder.path,
    replicas: 1,
    owner: 'test',
    log: silentLog,
    registry: new Registry(),
    settings: { unconfirmedAfterMs, dispatchWindow: 4, defaultIntervalMs: 10_000, scheduleGraceMs: 60_000 },
  })

const give = async (id: CampaignId, command: CampaignCommand) => {
  const commandId = randomUUID()
  const result = await handleCommand({
    store,
    ...campaignStream(id),
    command,
    metadata: {
      commandId,
      correlationId: commandId,
      causationId: commandId,
      tenant,
      occurredAt: new Date().toISOString(),
    },
  })
  expect(result.outcome).toBe('accepted')
}

/** A running campaign with so many recipients. */
const running = async (recipients: number, notBefore = new Date()): Promise<CampaignId> => {
  await ensureStreams(nats, natsTopology(1), { role: 'owner' })
  const id = campaignIdSchema.parse(++next)
  await give(id, {
    type: 'CreateCampaign',
    data: { campaignId: id, tenant, ownerId, title: 'T', message: 'Hi {{name}}' },
  })
  await store.append(
    eventStreams.recipients(id, 0),
    [
      {
        type: 'RecipientsChunkStored',
        data: {
          importId: 'i',
          chunk: 0,
          firstPosition: 1,
          recipients: Array.from({ length: recipients }, (_, index) => ({
            phone: phoneSchema.parse(`98912000${1000 + index}`),
            spelling: `0912000${1000 + index}`,
            variables: { name: `N${index}` },
          })),
        },
        metadata: { tenant },
      },
    ],
    { expectedRevision: 'no-stream' },
  )
  await give(id, {
    type: 'ImportRecipients',
    data: {
      importId: 'i',
      mode: 'replace',
      chunks: { first: 0, last: 0 },
      accepted: recipients,
      rejected: 0,
      duplicates: 0,
      variables: ['name'],
      limit: 1_000,
      nextChunk: 0,
    },
  })
  await give(id, { type: 'AttachSession', data: { sessionId } })
  await begin(id, notBefore)
  return id
}

const begin = async (id: CampaignId, notBefore = new Date()) =>
  give(id, {
    type: 'StartCampaign',
    data: {
      runKey: randomBytes(32).toString('base64'),
      epoch: (await streamEpoch(nats, 'OUTCOMES')) as never,
      now: new Date().toISOString(),
      notBefore: notBefore.toISOString(),
      hasConnectedNumber: true,
    },
  })

/** The sender: takes jobs, publishes intents and what became of them. */
const sender = (id: CampaignId) => {
  const publisher = createPublisher(nats)
  const stop = new AbortController()
  const jobs = pullConsumer(nats, { stream: 'DISPATCH', durable: dispatchConsumer(id, sessionId) })
  const send = ({ campaignId, position, attempt, messageId }: DispatchJob) => ({
    campaignId,
    position,
    attempt,
    messageId,
    sessionId,
    at: new Date().toISOString(),
  })
  return {
    stop: () => {
      stop.abort()
      jobs.stop()
    },
    /** The next job, taken off the queue. */
    take: async (): Promise<DispatchJob> => {
      const message = await eventually(() => jobs.next(stop.signal), { what: 'a job' })
      message.ack()
      return dispatchJobSchema.parse(message.json())
    },
    intend: (job: DispatchJob) =>
      publisher.publish(
        subjects.intent(tenant, job.messageId),
        { kind: 'intent', owner: 'test', ...send(job) },
        { expectedLastSubjectSequence: 0 },
      ),
    sent: (job: DispatchJob) =>
      publisher.publish(
        subjects.campaignOutcome(tenant, job.campaignId, 'sent'),
        { kind: 'sent', ...send(job) },
        { id: `${job.messageId}.sent` },
      ),
    failed: (job: DispatchJob) =>
      publisher.publish(
        subjects.campaignOutcome(tenant, job.campaignId, 'failed'),
        { kind: 'failed', reason: 'rejected', ...send(job) },
        { id: `${job.messageId}.failed` },
      ),
    skipped: (job: DispatchJob) =>
      publisher.publish(
        subjects.campaignOutcome(tenant, job.campaignId, 'skipped'),
        { kind: 'skipped', reason: 'not_on_whatsapp', ...send(job) },
        { id: `${job.messageId}.skipped` },
      ),
  }
}

const outcomesOf = async (id: CampaignId): Promise<RecordedOutcome[]> => {
  const outcomes: RecordedOutcome[] = []
  try {
    for await (const { type, data } of store.readStream(eventStreams.outcomes(id)))
      if (type === 'OutcomesRecorded') outcomes.push(...(data as { outcomes: RecordedOutcome[] }).outcomes)
  } catch {
    // No outcome yet.
  }
  return outcomes
}
const typesOf = async (stream: string): Promise<string[]> => {
  const types: string[] = []
  for await (const { type } of store.readStream(stream)) types.push(type)
  return types
}
const live = async (id: CampaignId, type: 'campaign_update' | 'completion_update' | 'progress_update') =>
  (await lastMessageOf(nats, 'LIVE', subjects.live(tenant, id, type)))?.json() as
    Record<string, unknown> | undefined
const run = async (id: CampaignId) => {
  const entry = await openBucket(nats, 'runs').get(keys.run(tenant, id))
  return entry === undefined ? undefined : runSchema.parse(entry.json())
}

describe('the background work', () => {
  test('[G8] a campaign whose recipients all have their fate is completed, and the feed says so', async () => {
    const id = await running(3)
    const peer = sender(id)
    for (let index = 0; index < 3; index += 1) {
      const job = await peer.take()
      await peer.intend(job)
      await (job.position === 2 ? peer.skipped(job) : peer.sent(job))
    }
    await eventually(async () => (await live(id, 'completion_update'))?.['report'], {
      what: 'the completion',
    })
    expect(await live(id, 'completion_update')).toMatchObject({
      report: { status: 'COMPLETED', totalSent: 2, totalFailed: 1, reportUrl: `/api/campaigns/${id}/report` },
    })
    await holds(async () =>
      expect(await live(id, 'campaign_update')).toMatchObject({
        status: 'COMPLETED',
        progress: { total: 3, sent: 2, failed: 1 },
      }),
    )
    expect(
      (await typesOf(eventStreams.campaign(id))).filter((type) => type === 'CampaignCompleted'),
    ).toHaveLength(1)
    peer.stop()
  })

  test('[G11] jobs are published a window at a time, each recorded before', async () => {
    const id = await running(10)
    const peer = sender(id)
    const first = await peer.take()
    expect(first).toMatchObject({ position: 1, phone: '989120001000', variables: { name: 'N0' } })
    const dispatched = async () =>
      (await typesOf(eventStreams.outcomes(id))).filter((type) => type === 'RecipientsDispatched').length
    expect(await dispatched()).toBe(1)
    for (const job of [first, await peer.take(), await peer.take()]) {
      await peer.intend(job)
      await peer.sent(job)
    }
    await eventually(async () => (await dispatched()) >= 2, { what: 'the next window' })
    peer.stop()
  })

  test('[G12] a retry sends to those who failed, under the next attempt, and completes once more', async () => {
    const id = await running(3)
    const first = sender(id)
    for (let position = 1; position <= 3; position += 1) {
      const job = await first.take()
      await first.intend(job)
      await (job.position === 2 ? first.failed(job) : first.sent(job))
    }
    const completions = async () =>
      (await typesOf(eventStreams.campaign(id))).filter((type) => type === 'CampaignCompleted').length
    await eventually(async () => (await completions()) === 1, { what: 'the first completion' })
    first.stop()

    await give(id, {
      type: 'RetryFailed',
      data: {
        epoch: (await streamEpoch(nats, 'OUTCOMES')) as never,
        notBefore: new Date().toISOString(),
        includeUnconfirmed: false,
        retryable: 1,
        hasConnectedNumber: true,
      },
    })
    const second = sender(id)
    const again = await second.take()
    expect(again).toMatchObject({ position: 2, attempt: 2 })
    await eventually(async () => (await run(id))?.gate === 'open', { what: 'the open gate' })
    await second.intend(again)
    await second.sent(again)
    await eventually(async () => (await completions()) === 2, { what: 'the second completion' })
    expect((await outcomesOf(id)).at(-1)).toMatchObject({ position: 2, attempt: 2, state: 'sent' })
    await eventually(
      async () => JSON.stringify(await live(id, 'campaign_update')).includes('"sent":3,"failed":0'),
      { what: 'the figures of the second run' },
    )
    second.stop()
  })

  test('a start that is undone before its first send has published no job', async () => {
    const id = await running(3, new Date(Date.now() + 60_000))
    await eventually(async () => (await run(id))?.gate === 'open', { what: 'the open gate' })
    await give(id, { type: 'UndoStart', data: { now: new Date().toISOString() } })
    await eventually(async () => (await run(id))?.gate === 'shut', { what: 'the shut gate' })
    expect(await store.headOf(eventStreams.outcomes(id))).toBeUndefined()
    await begin(id)
    const peer = sender(id)
    expect(await peer.take()).toMatchObject({ position: 1, attempt: 1 })
    peer.stop()
  })

  test('[L7] settle answers once the gate is shut and nothing is in the air', async () => {
    const id = await running(4)
    const peer = sender(id)
    const job = await peer.take()
    await eventually(async () => (await run(id))?.gate === 'open', { what: 'the open gate' })
    await peer.intend(job)
    await give(id, { type: 'PauseCampaign', data: { reason: 'user' } })
    let isSettled = false
    const settled = createCampaignControl(nats)
      .settle({ tenant, campaignId: id })
      .then(() => (isSettled = true))
    await eventually(async () => (await run(id))?.gate === 'shut', { what: 'the shut gate' })
    expect(isSettled).toBe(false)
    await peer.sent(job)
    await settled
    expect((await outcomesOf(id)).map(({ state }) => state)).toEqual(['sent'])
    peer.stop()
  })

  test('[G9] after a cancel the rest is skipped in one event, and the jobs are gone', async () => {
    const id = await running(4)
    const peer = sender(id)
    const job = await peer.take()
    await peer.intend(job)
    await peer.sent(job)
    await give(id, { type: 'CancelCampaign', data: {} })
    await createCampaignControl(nats).settle({ tenant, campaignId: id })
    expect((await typesOf(eventStreams.outcomes(id))).filter((type) => type === 'RestSkipped')).toHaveLength(
      1,
    )
    await holds(async () =>
      expect(await live(id, 'completion_update')).toMatchObject({
        report: { status: 'CANCELLED', totalSent: 1, totalFailed: 3 },
      }),
    )
    expect([...(await readSubjects(nats, 'DISPATCH', subjects.dispatchOfCampaign(tenant, id)))]).toEqual([])
    peer.stop()
  })

  test('[G3] an intent without an outcome becomes unconfirmed, and a late outcome repairs it', async () => {
    await background.stop()
    background = start(500)
    const id = await running(2)
    const peer = sender(id)
    const [first, second] = [await peer.take(), await peer.take()]
    await peer.intend(first)
    await eventually(async () => (await outcomesOf(id)).some(({ state }) => state === 'unconfirmed'), {
      what: 'unconfirmed',
    })
    await peer.sent(first)
    await eventually(async () => (await outcomesOf(id)).at(-1)?.state === 'sent', { what: 'the repair' })
    await peer.intend(second)
    await peer.sent(second)
    await holds(async () =>
      expect(await live(id, 'completion_update')).toMatchObject({ report: { totalSent: 2, totalFailed: 0 } }),
    )
    peer.stop()
  })

  test('[A8] a new holder goes on where the old one stopped', async () => {
    const id = await running(3)
    const peer = sender(id)
    const jobs = [await peer.take(), await peer.take(), await peer.take()]
    for (const job of jobs) await peer.intend(job)
    await background.stop()
    for (const job of jobs) await peer.sent(job)
    await folder.remove()
    background = start()
    await eventually(async () => (await live(id, 'completion_update'))?.['report'], {
      deadlineMs: 20_000,
      what: 'the completion',
    })
    expect((await outcomesOf(id)).map(({ position, state }) => `${position} ${state}`).sort()).toEqual([
      '1 sent',
      '2 sent',
      '3 sent',
    ])
    peer.stop()
  }, 40_000)

  test('every event is relayed once, in order, without the run key', async () => {
    const id = await running(1)
    const last = async () =>
      await lastMessageOf(nats, 'EVENTS', subjects.campaignEvent(tenant, id, 'CampaignStarted'))
    const started = await eventually(last, { what: 'the relayed start' })
    expect(Object.keys(started.json() as object)).not.toContain('runKey')
    expect(started.headers).toMatchObject({ 'ce-type': 'peyk.CampaignStarted', 'ce-specversion': '1.0' })
  })
})
