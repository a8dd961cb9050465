// Windows of jobs on a real nats-server, while the event store answers late or not at all.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import {
  type CampaignId,
  campaignIdSchema,
  type Epoch,
  natsTopology,
  type OutcomeEvent,
  phoneSchema,
  type SessionId,
  sessionIdSchema,
  subjects,
  tenantIdSchema,
  totalsOfPending,
  userIdSchema,
} from '@peyk/contracts'
import {
  connectNats,
  createPublisher,
  ensureStreams,
  lastMessageOf,
  type Nats,
  type NatsServer,
  readSubjects,
  startNatsServer,
} from '@peyk/messaging'

import type { CampaignRow, LedgerModel } from '../ledger/model.ts'
import type { OutcomeWriter } from '../ledger/outcome-writer.ts'
import { createDispatch } from './dispatch.ts'

const tenant = tenantIdSchema.parse('acme')
const one = sessionIdSchema.parse(`wa_${'a'.repeat(20)}`)
const other = sessionIdSchema.parse(`wa_${'b'.repeat(20)}`)
const epoch = 'e1' as Epoch
const WINDOW = 4

let server: NatsServer
let nats: Nats
let row: CampaignRow
let next = 0

beforeAll(async () => {
  server = await startNatsServer()
  nats = await connectNats({ url: server.url, name: 'test' })
  await ensureStreams(nats, natsTopology(1), { role: 'owner' })
}, 60_000)
afterAll(async () => {
  await nats.close()
  await server.dispose()
})
beforeEach(() => {
  row = runningRow(campaignIdSchema.parse(++next))
})

const runningRow = (campaignId: CampaignId): CampaignRow => ({
  campaignId,
  tenant,
  ownerId: userIdSchema.parse('1'),
  title: 'T',
  message: 'Hi',
  status: 'RUNNING',
  total: 10,
  totals: totalsOfPending(10),
  intervalMs: 1_000,
  schedule: undefined,
  sessionId: one,
  runKey: Buffer.alloc(32, campaignId).toString('base64'),
  attempt: 1,
  reopened: 1,
  retryUnconfirmed: false,
  epoch,
  dispatchEpoch: undefined,
  notBefore: undefined,
  startedAt: undefined,
  completedAt: undefined,
  dispatchedTo: 0,
  outcomesRevision: -1,
  restSkipped: false,
  isDeleted: false,
  correlationId: undefined,
  traceparent: undefined,
  changedAt: new Date().toISOString(),
})

/** What the index holds: the row of the test, nothing settled. */
const model = {
  campaign: () => row,
  recipient: () => ({ state: 'pending', attempt: row.attempt }),
  openPositions: (_id: CampaignId, to: number) => Array.from({ length: to }, (_, index) => index + 1),
} as Partial<LedgerModel> as LedgerModel

const store = (event: OutcomeEvent | undefined): boolean => {
  if (event?.type !== 'RecipientsDispatched') return false
  row = { ...row, dispatchedTo: event.data.toPosition }
  return true
}
const writes: OutcomeWriter = { append: (_id, build) => Promise.resolve(store(build(row))) }

const dispatchWith = ({
  writer = writes,
  recipient = () => undefined,
}: {
  readonly writer?: OutcomeWriter
  /** Called before each recipient is read. */
  readonly recipient?: (position: number) => void
} = {}) =>
  createDispatch({
    nats,
    publisher: createPublisher(nats),
    model,
    writer,
    recipients: {
      at: (_id, position) => {
        recipient(position)
        const phone = phoneSchema.parse(`98912000${1000 + position}`)
        return Promise.resolve({ phone, spelling: phone, variables: {} })
      },
      test: () => Promise.resolve(undefined),
    },
    window: WINDOW,
    epoch: () => epoch,
  })

const jobsOn = async (session: SessionId): Promise<number> => {
  const subject = subjects.dispatch(tenant, row.campaignId, session)
  return (await readSubjects(nats, 'DISPATCH', subject)).get(subject) ?? 0
}

const away = () => new Error('the event store is away')

test('G11: a window that was written when the answer was lost is published by the next try', async () => {
  let tries = 0
  const dispatch = dispatchWith({
    writer: {
      append: (_id, build) => {
        const written = store(build(row))
        tries += 1
        return tries === 1 ? Promise.reject(away()) : Promise.resolve(written)
      },
    },
  })
  await expect(dispatch.advance(row.campaignId)).rejects.toThrow('away')
  expect(row.dispatchedTo).toBe(WINDOW)
  await dispatch.advance(row.campaignId)
  expect(await jobsOn(one)).toBe(WINDOW)
})

test('G11: a window of which a part was published is published whole, and nothing of it twice', async () => {
  let isAway = true
  const dispatch = dispatchWith({
    recipient: (position) => {
      if (position === 3 && isAway) throw away()
    },
  })
  await expect(dispatch.advance(row.campaignId)).rejects.toThrow('away')
  isAway = false
  await dispatch.advance(row.campaignId)
  expect(await jobsOn(one)).toBe(WINDOW)
  await dispatch.advance(row.campaignId)
  expect(await jobsOn(one)).toBe(WINDOW)
})

test('G11: jobs follow the campaign to another number and back, however soon', async () => {
  const dispatch = dispatchWith()
  await dispatch.advance(row.campaignId)
  expect([await jobsOn(one), await jobsOn(other)]).toEqual([WINDOW, 0])
  row = { ...row, sessionId: other }
  await dispatch.advance(row.campaignId)
  expect([await jobsOn(one), await jobsOn(other)]).toEqual([0, WINDOW])
  row = { ...row, sessionId: one }
  await dispatch.advance(row.campaignId)
  expect([await jobsOn(one), await jobsOn(other)]).toEqual([WINDOW, 0])
})

test('G12: a retry that follows at once publishes its jobs, though the completion between was not seen', async () => {
  const dispatch = dispatchWith()
  row = { ...row, total: WINDOW, totals: totalsOfPending(WINDOW) }
  await dispatch.advance(row.campaignId)
  row = { ...row, attempt: 2, reopened: 2 }
  await dispatch.advance(row.campaignId)
  expect(await jobsOn(one)).toBe(WINDOW)
  const job = await lastMessageOf(nats, 'DISPATCH', subjects.dispatch(tenant, row.campaignId, one))
  expect(job?.json()).toMatchObject({ position: WINDOW, attempt: 2 })
})
