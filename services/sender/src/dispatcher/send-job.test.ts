import { describe, expect, test } from '@jest/globals'
import {
  campaignIdSchema,
  type CampaignOutcome,
  type DispatchJob,
  dispatchJobSchema,
  type MessageId,
  type Run,
  runSchema,
  sessionIdSchema,
  tenantIdSchema,
} from '@peyk/contracts'
import { createLogger, createMetrics } from '@peyk/service-kit'

import type { Connection, SendResult } from '../channel/channel.ts'
import { FakeWhatsApp } from '../channel/fake-channel.ts'
import { MemoryCredentials } from '../channel/memory-credentials.ts'
import { createSenderMetrics } from '../metrics.ts'
import type { Outcomes } from '../outcomes/outcomes.ts'
import type { Intents } from './intents.ts'
import { sendJob } from './send-job.ts'

const tenant = tenantIdSchema.parse('acme')
const sessionId = sessionIdSchema.parse('wa_00000000000000000001')
const campaignId = campaignIdSchema.parse(7)
const own = '989120000001'
const run: Run = runSchema.parse({
  tenant,
  campaignId,
  gate: 'open',
  message: 'سلام {{name}}',
  intervalMs: 5_000,
  sessionIds: [sessionId],
})
const job = (more: Partial<DispatchJob> = {}): DispatchJob =>
  dispatchJobSchema.parse({
    campaignId,
    position: 1,
    attempt: 1,
    messageId: '3EB0ABCDEF0123456789AB',
    phone: '989121112233',
    variables: { name: 'سارا' },
    correlationId: 'c-1',
    ...more,
  })

/** Intents in memory, with the rule of the real ones. */
const memoryIntents = () => {
  const last = new Map<MessageId, 'intent' | 'withdrawn'>()
  let sequence = 0
  const intents: Intents = {
    claim: (_tenant, { messageId }) => {
      if (last.get(messageId) === 'intent') return Promise.resolve(undefined)
      last.set(messageId, 'intent')
      return Promise.resolve((sequence += 1))
    },
    withdraw: (_tenant, { messageId }) => {
      last.set(messageId, 'withdrawn')
      return Promise.resolve()
    },
  }
  return { intents, last }
}

const linkedConnection = async (whatsapp: FakeWhatsApp): Promise<Connection> => {
  const credentials = new MemoryCredentials()
  credentials.records.set('creds', Buffer.from(own))
  const opened = Promise.withResolvers<undefined>()
  const log = createLogger({ name: 'test', level: 'silent' })
  const connection = whatsapp.open({
    credentials,
    sessionLabel: 'test',
    log,
    onEvent: ({ type }) => type === 'open' && opened.resolve(undefined),
  })
  await opened.promise
  return connection
}

const setUp = async (newest: Run | undefined = run, count: () => Promise<void> = () => Promise.resolve()) => {
  const whatsapp = new FakeWhatsApp()
  const connection = await linkedConnection(whatsapp)
  const { intents, last } = memoryIntents()
  const told: CampaignOutcome[] = []
  const outcomes: Outcomes = {
    session: () => Promise.resolve(),
    send: (_tenant, outcome) => {
      told.push(outcome)
      return Promise.resolve()
    },
    settled: () => Promise.resolve(),
  }
  let endedSockets = 0
  const draining = new AbortController()
  const send = (sent = job()) =>
    sendJob(
      {
        intents,
        outcomes,
        runs: { newest: () => Promise.resolve(newest) },
        metrics: createSenderMetrics(createMetrics()),
        log: createLogger({ name: 'test', level: 'silent' }),
        now: () => Date.UTC(2024, 0, 1),
      },
      {
        number: {
          tenant,
          sessionId,
          connection,
          credentials: new MemoryCredentials(),
          draining: draining.signal,
          remember: () => undefined,
          endSocket: () => (endedSockets += 1),
        },
        run,
        job: sent,
        queuedAt: new Date(),
        count,
      },
    )
  const answer = (result: SendResult) => whatsapp.answer(() => result)
  return { whatsapp, send, answer, last, told, draining, sockets: () => endedSockets }
}

describe('a job', () => {
  test('[L1] [D1] intent, send, outcome', async () => {
    const { send, whatsapp, told, last } = await setUp()
    expect(await send()).toEqual({ job: 'done' })
    expect(whatsapp.messages).toEqual([
      { from: own, to: '989121112233', messageId: job().messageId, text: 'سلام سارا' },
    ])
    expect(told).toMatchObject([{ kind: 'sent', campaignId, position: 1, attempt: 1, sessionId }])
    expect(last.get(job().messageId)).toBe('intent')
  })
  test('[L1] that meets an intent is done, and nothing is sent or told', async () => {
    const { send, whatsapp, told, last } = await setUp()
    last.set(job().messageId, 'intent')
    expect(await send()).toEqual({ job: 'done' })
    expect([...whatsapp.messages, ...told]).toEqual([])
  })
  test('[L1] twice is one message', async () => {
    const { send, whatsapp, told } = await setUp()
    await Promise.all([send(), send(), send()])
    expect(whatsapp.messages).toHaveLength(1)
    expect(told).toHaveLength(1)
  })
  test('[L7] [L1a] whose gate is shut is withdrawn and given back', async () => {
    const { send, whatsapp, told, last } = await setUp({ ...run, gate: 'shut' })
    expect(await send()).toMatchObject({ job: 'again' })
    expect([...whatsapp.messages, ...told]).toEqual([])
    expect(last.get(job().messageId)).toBe('withdrawn')
  })
  test.each([
    ['is gone', undefined],
    ['begins later', { ...run, notBefore: '2024-01-02T00:00:00.000Z' }],
    ['uses other numbers', { ...run, sessionIds: [] }],
  ])('[L7] whose run %s is withdrawn', async (_what, newest) => {
    const setup = await setUp(newest ?? { ...run, gate: 'shut' })
    expect(await setup.send()).toMatchObject({ job: 'again' })
    expect(setup.last.get(job().messageId)).toBe('withdrawn')
  })
  test('[L7] of a test send passes a shut gate', async () => {
    const { send, told } = await setUp({ ...run, gate: 'shut' })
    const testId = '6f1c2f3e-8c4b-4b0e-9d3c-2f0e6a1b7c55'
    await send(job({ position: 0, testId }))
    expect(told).toMatchObject([{ kind: 'sent', position: 0, testId }])
  })
  test('[L6] to a number that is not on WhatsApp is skipped', async () => {
    const { send, told } = await setUp()
    expect(await send(job({ phone: '989121100000' as never }))).toEqual({ job: 'done' })
    expect(told).toMatchObject([{ kind: 'skipped', reason: 'not_on_whatsapp' }])
  })
  test.each([
    ['reach_out_locked', 463, { reason: 'reach_out_locked', code: '463' }, 'reach_out_locked'],
    ['rejected', 479, { reason: 'rejected', code: '479' }, undefined],
    ['no_device', undefined, { reason: 'no_device' }, undefined],
    ['rate_limited', undefined, { reason: 'rejected', code: '429' }, 'rate_limited'],
  ] as const)('[L6] that WhatsApp refused (%s) is failed', async (reason, code, expected, number) => {
    const { send, answer, told } = await setUp()
    answer({ outcome: 'failed', reason, ...(code === undefined ? {} : { code }) })
    expect(await send()).toEqual({ job: 'done', ...(number === undefined ? {} : { number }) })
    expect(told).toMatchObject([{ kind: 'failed', ...expected }])
  })
  test('[L3] without an ack tells nothing, and does not come again', async () => {
    const { send, answer, told, last } = await setUp()
    answer({ outcome: 'no_ack' })
    expect(await send()).toEqual({ job: 'done' })
    expect(told).toEqual([])
    expect(last.get(job().messageId)).toBe('intent')
  })
  test('[L1a] that was not handed over is withdrawn, comes again and is sent then', async () => {
    const { send, answer, told, whatsapp, last } = await setUp()
    answer({ outcome: 'not_handed_over', reason: 'lookup_failed' })
    expect(await send()).toEqual({ job: 'again', afterMs: 5_000 })
    expect(last.get(job().messageId)).toBe('withdrawn')
    whatsapp.answer(() => undefined)
    expect(await send()).toEqual({ job: 'done' })
    expect(told).toMatchObject([{ kind: 'sent' }])
  })
  test('[L4] that was not handed over in time is withdrawn, and its socket ended', async () => {
    const { send, answer, sockets } = await setUp()
    answer({ outcome: 'not_handed_over', reason: 'timed_out' })
    expect(await send()).toMatchObject({ job: 'again' })
    expect(sockets()).toBe(1)
  })
  test('[L1a] of a number that drains meanwhile is withdrawn', async () => {
    const { send, draining, whatsapp, last } = await setUp()
    draining.abort()
    expect(await send()).toMatchObject({ job: 'again' })
    expect(whatsapp.messages).toEqual([])
    expect(last.get(job().messageId)).toBe('withdrawn')
  })
  test('[L1a] that cannot be counted (the credentials are fenced) is withdrawn', async () => {
    const { send, whatsapp, last } = await setUp(run, () => Promise.reject(new Error('fenced')))
    expect(await send()).toMatchObject({ job: 'again' })
    expect(whatsapp.messages).toEqual([])
    expect(last.get(job().messageId)).toBe('withdrawn')
  })
  test('[D3] that lacks a variable fails without an intent', async () => {
    const { send, told, last } = await setUp()
    await send(job({ variables: {} }))
    expect(told).toMatchObject([{ kind: 'failed', reason: 'internal' }])
    expect(last.size).toBe(0)
  })
})
