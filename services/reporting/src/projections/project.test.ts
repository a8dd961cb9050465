import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { campaignIdSchema, totalsOfPending } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import { openReadModel, type ReadModel } from '@peyk/read-model'

import { reportOf } from '../reports/report.ts'
import { reportingQueries } from '../store/queries.ts'
import { reportingProjection } from './project.ts'
import { REPORTING_VERSION, reportingSchema } from './schema.ts'

const campaignId = campaignIdSchema.parse(7)
const sessionId = `wa_${'a'.repeat(20)}`
const runKey = Buffer.alloc(32, 1).toString('base64')
const at = (minute: number) => `2024-01-01T10:${String(minute).padStart(2, '0')}:00.000Z`

let position = 0n
const event = (streamName: string, type: string, data: object, occurredAt = at(0)): RecordedEvent => ({
  id: `00000000-0000-4000-8000-${String(++position).padStart(12, '0')}`,
  type,
  streamName,
  revision: position,
  position,
  data,
  metadata: { tenant: 'acme', occurredAt },
})
const campaign = (type: string, data: object, occurredAt?: string) =>
  event('campaign-7', type, data, occurredAt)
const outcomes = (...list: object[]) =>
  event('outcomes-7', 'OutcomesRecorded', {
    epoch: 'e',
    toSeq: 1,
    outcomes: list,
    totals: totalsOfPending(3),
  })
const recipient = (index: number) => ({
  phone: `98912000000${index}`,
  spelling: `0912000000${index}`,
  variables: { name: `Name ${index}` },
})
const chunk = (number: number, firstPosition: number, ...recipients: object[]) =>
  event(`recipients-7-${number}`, 'RecipientsChunkStored', {
    importId: 'i',
    chunk: number,
    firstPosition,
    recipients,
  })
const imported = (mode: 'replace' | 'append', first: number, last: number, total: number) =>
  campaign('RecipientsImported', {
    importId: 'i',
    mode,
    chunks: { first, last },
    accepted: 1,
    rejected: 0,
    duplicates: 0,
    total,
    variables: ['name'],
  })
const created = campaign(
  'CampaignCreated',
  { campaignId, tenant: 'acme', ownerId: '1', title: 'T', message: 'M' },
  at(1),
)
const started = () =>
  campaign('CampaignStarted', { runKey, epoch: 'e', total: 3, attempt: 1, notBefore: at(2) }, at(2))
const running = () => [
  created,
  chunk(0, 1, recipient(1), recipient(2), recipient(3)),
  imported('replace', 0, 0, 3),
  started(),
]
const outcome = (place: number, state: string, minute: number, reason?: string, attempt = 1) => ({
  position: place,
  state,
  attempt,
  sessionId,
  at: at(minute),
  ...(reason === undefined ? {} : { reason }),
})

let readModel: ReadModel
const given = (...events: RecordedEvent[]) => {
  const project = reportingProjection(readModel.database)
  readModel.apply(position++, () => events.forEach(project))
  return reportingQueries(readModel.database)
}
const rows = (...events: RecordedEvent[]) =>
  given(...events)
    .recipients(campaignId, { limit: 100, offset: 0 })
    .map(({ position, state, reason, sentAt, deliveredAt, readAt }) => [
      position,
      state,
      reason,
      sentAt,
      deliveredAt,
      readAt,
    ])

afterEach(() => readModel.close())
beforeEach(() => {
  readModel = openReadModel({
    file: ':memory:',
    name: 'reporting',
    version: REPORTING_VERSION,
    schema: reportingSchema,
  })
})

describe('campaign row', () => {
  const cases: [string, RecordedEvent[], object][] = [
    [
      'CampaignCreated',
      [],
      { title: 'T', message: 'M', status: 'DRAFT', createdAt: at(1), startedAt: undefined },
    ],
    ['TitleChanged', [campaign('TitleChanged', { title: 'T2' })], { title: 'T2' }],
    ['MessageChanged', [campaign('MessageChanged', { message: 'M2' })], { message: 'M2' }],
    ['PacingSet', [campaign('PacingSet', { intervalMs: 5000 })], { intervalMs: 5000 }],
    ['SessionAttached', [campaign('SessionAttached', { sessionId })], { sessionId }],
    ['RecipientsImported', [imported('replace', 0, 0, 3)], { status: 'READY', totals: totalsOfPending(3) }],
    ['CampaignStarted', [started()], { status: 'RUNNING', startedAt: at(2) }],
    ['CampaignPaused', [started(), campaign('CampaignPaused', { reason: 'user' })], { status: 'PAUSED' }],
    ['CampaignResumed', [started(), campaign('CampaignResumed', { epoch: 'e' })], { status: 'RUNNING' }],
    [
      'CampaignCancelled',
      [started(), campaign('CampaignCancelled', {}, at(9))],
      { status: 'CANCELLED', completedAt: at(9) },
    ],
    [
      'CampaignCompleted',
      [started(), campaign('CampaignCompleted', { totals: totalsOfPending(3) }, at(9))],
      { status: 'COMPLETED', completedAt: at(9) },
    ],
    [
      'CampaignFailed',
      [started(), campaign('CampaignFailed', { reason: 'numberGone', totals: totalsOfPending(3) }, at(9))],
      { status: 'FAILED', completedAt: at(9) },
    ],
    [
      'TestSendRequested',
      [campaign('TestSendRequested', { testId: '3f0f4c3a-5a0e-4b60-9f5e-0c9d7c6b1a11', runKey })],
      { status: 'DRAFT' },
    ],
  ]
  test.each(cases)('%s', (_name, events, expected) => {
    expect(given(created, ...events).campaign(campaignId)).toMatchObject(expected)
  })
  test('an event of a newer release stops the projection', () => {
    expect(() => given(created, campaign('CampaignTeleported', {}))).toThrow('CampaignTeleported')
  })
})

describe('recipient rows', () => {
  test('a chunk counts once its import is through', () => {
    expect(rows(created, chunk(0, 1, recipient(1)))).toEqual([])
    expect(rows(imported('replace', 0, 0, 1))).toHaveLength(1)
  })
  test('an import that replaces takes the chunks of before away', () => {
    given(created, chunk(0, 1, recipient(1), recipient(2)), imported('replace', 0, 0, 2))
    const queries = given(chunk(1, 1, recipient(3)), imported('replace', 1, 1, 1))
    expect(queries.recipients(campaignId, { limit: 10, offset: 0 }).map(({ spelling }) => spelling)).toEqual([
      '09120000003',
    ])
  })
  test('an import that appends goes on', () => {
    given(created, chunk(0, 1, recipient(1)), imported('replace', 0, 0, 1))
    expect(rows(chunk(1, 2, recipient(2)), imported('append', 1, 1, 2))).toHaveLength(2)
  })
  test('a chunk that is written again replaces its rows and keeps their states', () => {
    given(...running(), outcomes(outcome(1, 'sent', 3)))
    const erased = { ...recipient(1), spelling: '' }
    const queries = given(chunk(0, 1, erased, recipient(2), recipient(3)))
    expect(queries.recipients(campaignId, { limit: 1, offset: 0 })).toMatchObject([
      { spelling: '', state: 'sent' },
    ])
  })
  test('outcomes keep the time of each step', () => {
    expect(
      rows(
        ...running(),
        outcomes(outcome(1, 'sent', 3), outcome(1, 'delivered', 4), outcome(1, 'read', 5)),
      )[0],
    ).toEqual([1, 'read', null, at(3), at(4), at(5)])
  })
  test('a failure keeps its reason', () => {
    expect(rows(...running(), outcomes(outcome(2, 'skipped', 3, 'not_on_whatsapp')))[1]).toEqual([
      2,
      'skipped',
      'not_on_whatsapp',
      null,
      null,
      null,
    ])
  })
  test('after a cancel the open ones are unconfirmed and the rest is skipped', () => {
    const rest = event('outcomes-7', 'RestSkipped', {
      reason: 'cancelled',
      unconfirmed: [2],
      at: at(5),
      totals: totalsOfPending(0),
    })
    expect(rows(...running(), outcomes(outcome(1, 'sent', 3)), rest).map(([, state]) => state)).toEqual([
      'sent',
      'unconfirmed',
      'skipped',
    ])
  })
  test('after a loss what was dispatched without an outcome is unconfirmed', () => {
    const lost = event('outcomes-7', 'OutcomesLost', {
      epoch: 'f',
      toPosition: 2,
      at: at(5),
      totals: totalsOfPending(0),
    })
    expect(rows(...running(), outcomes(outcome(1, 'sent', 3)), lost).map(([, state]) => state)).toEqual([
      'sent',
      'unconfirmed',
      'pending',
    ])
  })
  test('a chunk that is written again without people has none, and a later list does not count them', () => {
    const blanked = [chunk(1, 4, recipient(9)), chunk(1, 1)]
    const appended = [chunk(2, 4, recipient(4)), imported('append', 2, 2, 4)]
    expect(rows(...running().slice(0, 3), ...blanked, ...appended)).toHaveLength(4)
  })
  test('a test recipient is nobody of the list', () => {
    const testRecipient = event('recipients-7-test-x', 'RecipientsChunkStored', {
      importId: 'i',
      chunk: 0,
      firstPosition: 0,
      recipients: [recipient(9)],
    })
    expect(rows(...running(), testRecipient)).toHaveLength(3)
  })
  test('every event applied twice gives the same rows', () => {
    const events = [
      ...running(),
      outcomes(outcome(1, 'sent', 3), outcome(1, 'delivered', 4), outcome(2, 'failed', 4, 'rejected')),
    ]
    const once = rows(...events)
    expect(rows(...events.slice(-1))).toEqual(once)
    expect(rows(...events)).toEqual(once)
  })
})

test('the report of the same rows has the same bytes', () => {
  const events = [
    ...running(),
    event('session-' + sessionId, 'SessionLinked', { maskedNumber: '98912***0000' }),
    outcomes(
      outcome(1, 'sent', 3),
      outcome(2, 'skipped', 3, 'not_on_whatsapp'),
      outcome(3, 'failed', 3, 'rejected'),
    ),
  ]
  const queries = given(...events)
  const campaignRow = queries.campaign(campaignId)
  if (campaignRow === undefined) throw new Error('no campaign')
  const report = reportOf(campaignRow, queries)
  expect(report.reasons).toEqual([
    { reason: 'not_on_whatsapp', count: 1 },
    { reason: 'rejected', count: 1 },
  ])
  expect(report.numbers).toEqual([{ sessionId, number: '98912***0000', sent: 1 }])
  expect(JSON.stringify(reportOf(campaignRow, queries))).toBe(JSON.stringify(report))
})
