import { afterEach, describe, expect, test } from '@jest/globals'
import {
  campaignEventSchema,
  outcomeEventSchema,
  recipientsChunkStoredSchema,
  sessionEventSchema,
  shareIdSchema,
  tenantIdSchema,
  totalsOfPending,
  userIdSchema,
} from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModel } from '@peyk/read-model'

import { reportOf } from '../reports/report.ts'
import { reportingQueries } from '../store/queries.ts'
import { sharesQuery } from '../store/shares.ts'
import { tenantQueries } from '../store/tenant-queries.ts'
import {
  at,
  campaign,
  campaignId,
  chunk,
  created,
  event,
  imported,
  linkRequested,
  moved,
  outcome,
  recipient,
  recorded,
  running,
  session,
  sessionId,
  started,
} from '../testing/events.ts'
import { dumpOf, rowsOf } from '../testing/rows.ts'

const opened: ReadModel[] = []
afterEach(() => opened.splice(0).forEach((readModel) => readModel.close()))

/** The types of events that a case ended with: it says what that event does. */
const shown = new Set<string>()

/** The rows after the events; those of events that each came twice, and those of one batch, are the same. */
const given = (...events: RecordedEvent[]) => {
  const inOrder = events.map((each, index) => ({ ...each, revision: BigInt(index) }))
  shown.add(events.at(-1)?.type ?? '')
  const oneByOne = inOrder.map((each) => [each])
  const [once, twice, atOnce] = [rowsOf(oneByOne), rowsOf(oneByOne, 2), rowsOf([inOrder])]
  opened.push(once, twice, atOnce)
  expect(dumpOf(twice)).toEqual(dumpOf(once))
  expect(dumpOf(atOnce)).toEqual(dumpOf(once))
  return {
    ...reportingQueries(once.database),
    tenant: tenantQueries(once.database),
    share: sharesQuery(once.database),
  }
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
const states = (...events: RecordedEvent[]) => rows(...events).map(([, state]) => state)

describe('campaign row', () => {
  const schedule = {
    scheduledAt: at(9),
    timezone: 'Asia/Tehran',
    missedRun: 'skip',
    missedRunLimitMs: 1,
  }
  const missed = (taken: 'run' | 'skip') => campaign('ScheduleMissed', { dueAt: at(9), lateMs: 1, taken })
  const deleted = campaign('CampaignDeleted', { restorableUntil: at(30) })
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
    ['ScheduleSet', [campaign('ScheduleSet', schedule)], { status: 'DRAFT' }],
    ['CampaignScheduled', [campaign('CampaignScheduled', {})], { status: 'SCHEDULED' }],
    [
      'ScheduleCancelled',
      [campaign('CampaignScheduled', {}), campaign('ScheduleCancelled', {})],
      { status: 'READY' },
    ],
    ['ScheduleMissed, skipped', [campaign('CampaignScheduled', {}), missed('skip')], { status: 'READY' }],
    ['ScheduleMissed, run late', [campaign('CampaignScheduled', {}), missed('run')], { status: 'SCHEDULED' }],
    ['CampaignRestored', [deleted, campaign('CampaignRestored', {})], { status: 'DRAFT', title: 'T' }],
    [
      'TestSendRequested',
      [
        campaign('TestSendRequested', {
          testId: '3f0f4c3a-5a0e-4b60-9f5e-0c9d7c6b1a11',
          runKey: Buffer.alloc(32, 1).toString('base64'),
        }),
      ],
      { status: 'DRAFT' },
    ],
    [
      'OutcomesRecorded',
      [
        started(),
        outcome('OutcomesRecorded', { epoch: 'e', toSeq: 1, outcomes: [], totals: totalsOfPending(2) }),
      ],
      { totals: totalsOfPending(2) },
    ],
    [
      'RecipientsDispatched',
      [started(), outcome('RecipientsDispatched', { toPosition: 3, attempt: 1, epoch: 'e' })],
      { status: 'RUNNING', totals: totalsOfPending(3) },
    ],
    ['StartUndone', [started(), campaign('StartUndone', {})], { status: 'READY' }],
    [
      'RetryStarted',
      [
        started(),
        campaign('CampaignCompleted', { totals: totalsOfPending(0) }),
        campaign('RetryStarted', { attempt: 2, epoch: 'e', notBefore: at(9), includeUnconfirmed: false }),
      ],
      { status: 'RUNNING' },
    ],
  ]
  test.each(cases)('%s', (_name, events, expected) => {
    expect(given(created, ...events).campaign(campaignId)).toMatchObject(expected)
  })
  test('CampaignDeleted', () => expect(given(created, deleted).campaign(campaignId)).toBeUndefined())
  test('an event of a newer release stops the projection', () => {
    expect(() => given(created, event('campaign-7', 'CampaignTeleported', {}))).toThrow('CampaignTeleported')
  })
})

describe('recipient rows', () => {
  test('a chunk counts once its import is through', () => {
    const stored = [created, chunk(0, 1, recipient(1))]
    expect(rows(...stored)).toEqual([])
    expect(rows(...stored, imported('replace', 0, 0, 1))).toHaveLength(1)
  })
  test('an import that replaces takes the chunks of before away', () => {
    const before = [created, chunk(0, 1, recipient(1), recipient(2)), imported('replace', 0, 0, 2)]
    const queries = given(...before, chunk(1, 1, recipient(3)), imported('replace', 1, 1, 1))
    expect(queries.recipients(campaignId, { limit: 10, offset: 0 }).map(({ spelling }) => spelling)).toEqual([
      '09120000003',
    ])
  })
  test('an import that appends goes on', () => {
    const before = [created, chunk(0, 1, recipient(1)), imported('replace', 0, 0, 1)]
    expect(rows(...before, chunk(1, 2, recipient(2)), imported('append', 1, 1, 2))).toHaveLength(2)
  })
  test('what an import that never came through left behind counts for nobody', () => {
    const before = [
      created,
      chunk(0, 1, recipient(1)),
      imported('replace', 0, 0, 1),
      chunk(1, 2, recipient(9)),
    ]
    expect(rows(...before, chunk(2, 2, recipient(2)), imported('append', 2, 2, 2))).toHaveLength(2)
  })
  test('a chunk that is written again replaces its people and keeps what became of them', () => {
    const erased = { ...recipient(1), spelling: '' }
    const again = chunk(0, 1, erased, recipient(2), recipient(3))
    const queries = given(...running(), recorded(moved(1, 'sent', 3)), again)
    expect(queries.recipients(campaignId, { limit: 1, offset: 0 })).toMatchObject([
      { spelling: '', state: 'sent' },
    ])
  })
  test('a chunk that is written again without people has none, and a later list does not count them', () => {
    const blanked = [chunk(1, 4, recipient(9)), chunk(1, 1)]
    const appended = [chunk(2, 4, recipient(4)), imported('append', 2, 2, 4)]
    expect(rows(...running().slice(0, 3), ...blanked, ...appended)).toHaveLength(4)
  })
  test('a test recipient is nobody of the list', () => {
    expect(rows(...running(), chunk('test-x', 0, recipient(9)))).toHaveLength(3)
  })
})

describe('outcome rows', () => {
  test('outcomes keep the time of each step', () => {
    const steps = [moved(1, 'sent', 3), moved(1, 'delivered', 4), moved(1, 'read', 5)]
    expect(rows(...running(), recorded(...steps))[0]).toEqual([1, 'read', null, at(3), at(4), at(5)])
  })
  test('a receipt that overtook the others proves them', () => {
    expect(rows(...running(), recorded(moved(1, 'read', 5)))[0]).toEqual([
      1,
      'read',
      null,
      at(5),
      at(5),
      at(5),
    ])
  })
  test('a late one changes nothing', () => {
    const late = [recorded(moved(1, 'read', 5)), recorded(moved(1, 'delivered', 6))]
    expect(rows(...running(), ...late)[0]).toEqual([1, 'read', null, at(5), at(5), at(5)])
  })
  test('a failure keeps its reason', () => {
    expect(rows(...running(), recorded(moved(2, 'skipped', 3, 'not_on_whatsapp')))[1]).toEqual([
      2,
      'skipped',
      'not_on_whatsapp',
      null,
      null,
      null,
    ])
  })
  test('what is unconfirmed gives way to proof', () => {
    const events = [recorded(moved(1, 'unconfirmed', 3, 'no_ack')), recorded(moved(1, 'delivered', 6))]
    const queries = given(...running(), ...events)
    expect(queries.reasons(campaignId)).toEqual([])
    expect(queries.countRecipients(campaignId, 'delivered')).toBe(1)
  })
  test('the next attempt begins anew', () => {
    const events = [recorded(moved(1, 'failed', 3, 'rejected')), recorded(moved(1, 'sent', 9, undefined, 2))]
    expect(rows(...running(), ...events)[0]).toEqual([1, 'sent', null, at(9), null, null])
    expect(given(...running(), ...events).reasons(campaignId)).toEqual([])
  })
  test('after a cancel the open ones are unconfirmed and the rest is skipped', () => {
    const rest = outcome('RestSkipped', {
      reason: 'cancelled',
      unconfirmed: [2],
      at: at(5),
      totals: totalsOfPending(0),
    })
    const events = [...running(), recorded(moved(1, 'sent', 3)), rest]
    expect(states(...events)).toEqual(['sent', 'unconfirmed', 'skipped'])
    expect(given(...events).reasons(campaignId)).toEqual([
      { state: 'skipped', reason: 'cancelled', count: 1 },
      { state: 'unconfirmed', reason: 'no_ack', count: 1 },
    ])
  })
  test('who is sent to once more has no outcome until then, and no reason of before', () => {
    const reopened = outcome('RecipientsReopened', {
      attempt: 2,
      positions: [2],
      isLast: true,
      at: at(5),
      totals: totalsOfPending(0),
    })
    const failed = [...running(), recorded(moved(1, 'sent', 3), moved(2, 'failed', 3, 'rejected'))]
    expect(states(...failed, reopened, reopened)).toEqual(['sent', 'pending', 'pending'])
    expect(given(...failed, reopened).reasons(campaignId)).toEqual([])
    const again = recorded({ ...moved(2, 'sent', 6), attempt: 2 })
    expect(states(...failed, reopened, again, reopened)).toEqual(['sent', 'sent', 'pending'])
  })
  test('after a loss what was dispatched without an outcome is unconfirmed', () => {
    const lost = outcome('OutcomesLost', {
      epoch: 'f',
      toPosition: 2,
      at: at(5),
      totals: totalsOfPending(0),
    })
    expect(states(...running(), recorded(moved(1, 'sent', 3)), lost)).toEqual([
      'sent',
      'unconfirmed',
      'pending',
    ])
  })
})

describe('days of a tenant', () => {
  const acme = tenantIdSchema.parse('acme')
  const usage = (...events: RecordedEvent[]) =>
    given(...events).tenant.usage(acme, '2024-01-01', '2024-12-31')

  test('each step counts on the day it was reached, in Tehran', () => {
    const late = { ...moved(1, 'read', 0), at: '2024-01-01T20:30:00.000Z' }
    const none = { sent: 0, delivered: 0, read: 0, replied: 0, failed: 0, skipped: 0, unconfirmed: 0 }
    expect(
      usage(...running(), recorded(moved(1, 'delivered', 3), moved(2, 'failed', 3, 'rejected'), late)),
    ).toEqual([
      { ...none, day: '2024-01-01', sent: 1, delivered: 1, failed: 1 },
      { ...none, day: '2024-01-02', read: 1 },
    ])
  })
  test('another tenant and other days have nothing', () => {
    const queries = given(...running(), recorded(moved(1, 'sent', 3)))
    expect(queries.tenant.usage(tenantIdSchema.parse('a'), '2024-01-01', '2024-12-31')).toEqual([])
    expect(queries.tenant.usage(acme, '2024-01-02', '2024-12-31')).toEqual([])
  })
})

describe('numbers of a tenant', () => {
  const acme = tenantIdSchema.parse('acme')
  const linked = session('SessionLinked', { maskedNumber: '98912***0000' }, at(2))
  const cases: [string, RecordedEvent[], object][] = [
    ['LinkRequested', [], { state: 'linking', number: null, since: at(1), disconnects: 0 }],
    ['SessionLinked', [linked], { state: 'connected', number: '98912***0000', since: at(2) }],
    [
      'SessionConnected',
      [linked, session('SessionConnected', {}, at(3))],
      { state: 'connected', since: at(3) },
    ],
    [
      'SessionDisconnected',
      [
        linked,
        session('SessionDisconnected', { cause: 'x' }),
        session('SessionDisconnected', { cause: 'x' }),
      ],
      { state: 'disconnected', disconnects: 2 },
    ],
    ['SessionLoggedOut', [linked, session('SessionLoggedOut', {})], { state: 'logged_out' }],
    ['SessionBanned', [linked, session('SessionBanned', { cause: 'x' })], { state: 'banned' }],
    ['UnlinkRequested', [linked, session('UnlinkRequested', {})], { state: 'unlinking' }],
    [
      'OutcomesRecorded',
      [...running(), recorded(moved(1, 'sent', 3), moved(2, 'read', 3), moved(3, 'failed', 3, 'rejected'))],
      { sent: 2, delivered: 1, read: 1, failed: 1 },
    ],
  ]
  test.each(cases)('%s', (_name, events, expected) => {
    expect(given(linkRequested(), ...events).tenant.numbers(acme, undefined)).toMatchObject([expected])
  })
  test('a user without rights to all sees the own ones', () => {
    const { tenant } = given(linkRequested('1'))
    expect(tenant.numbers(acme, userIdSchema.parse('1'))).toHaveLength(1)
    expect(tenant.numbers(acme, userIdSchema.parse('2'))).toEqual([])
    expect(tenant.numbers(tenantIdSchema.parse('a'), undefined)).toEqual([])
  })
})

describe('links to a report', () => {
  const shareId = 'a'.repeat(32)
  const key = Buffer.alloc(32, 7).toString('base64')
  const shared = campaign('ReportShared', { shareId, key, expiresAt: at(9) })
  const revoked = campaign('ReportShareRevoked', { shareId })
  const share = (...events: RecordedEvent[]) =>
    given(created, ...events).share(campaignId, shareIdSchema.parse(shareId))
  test('ReportShared', () => expect(share(shared)).toEqual({ key, expiresAt: at(9) }))
  test('ReportShareRevoked', () => expect(share(shared, revoked)).toBeUndefined())
})

test('the report of the same rows has the same bytes', () => {
  const queries = given(
    ...running(),
    linkRequested(),
    session('SessionLinked', { maskedNumber: '98912***0000' }),
    recorded(
      moved(1, 'sent', 3),
      moved(2, 'skipped', 3, 'not_on_whatsapp'),
      moved(3, 'failed', 3, 'rejected'),
    ),
  )
  const row = queries.campaign(campaignId)
  if (row === undefined) throw new Error('no campaign')
  const report = reportOf(row, queries)
  expect(report.reasons).toEqual([
    { state: 'failed', reason: 'rejected', count: 1 },
    { state: 'skipped', reason: 'not_on_whatsapp', count: 1 },
  ])
  expect(report.numbers).toEqual([{ sessionId, number: '98912***0000', sent: 1 }])
  expect(report.speed).toEqual({ firstSentAt: at(3), lastSentAt: at(3), perHour: null })
  expect(JSON.stringify(reportOf(row, queries))).toBe(JSON.stringify(report))
})

test('rates are of those sent to, and speed is of the time between', () => {
  const totals = { ...totalsOfPending(0), sent: 1, read: 1, replied: 1 }
  const outcomes = [moved(1, 'sent', 0), moved(2, 'read', 10), moved(3, 'replied', 20)]
  const queries = given(...running(), outcome('OutcomesRecorded', { epoch: 'e', toSeq: 1, outcomes, totals }))
  const row = queries.campaign(campaignId)
  if (row === undefined) throw new Error('no campaign')
  const { rates, speed } = reportOf(row, queries)
  expect(rates).toEqual({ delivered: 0.6667, read: 0.6667, replied: 0.3333 })
  expect(speed).toEqual({ firstSentAt: at(0), lastSentAt: at(20), perHour: 6 })
})

// The last of the file: those before have shown what they have.
test('each type of event that can be stored has a case', () => {
  const families = [campaignEventSchema, outcomeEventSchema, sessionEventSchema]
  const types = families.flatMap((family) => family.options.map(({ shape }) => shape.type.value))
  const all = [...types, recipientsChunkStoredSchema.shape.type.value]
  expect(all.filter((type) => !shown.has(type))).toEqual([])
})
