import { describe, expect, test } from '@jest/globals'
import {
  type CampaignCommand,
  type CampaignEvent,
  campaignIdSchema,
  epochSchema,
  type Schedule,
  tenantIdSchema,
  userIdSchema,
} from '@peyk/contracts'
import { specify } from '@peyk/testing'

import { campaignDecider } from './decide.ts'
import { decideDue, dueAtMs, scheduleFault } from './schedule.ts'

const due = (scheduledAt: string, timezone = 'Asia/Tehran') =>
  new Date(dueAtMs({ scheduledAt, timezone })).toISOString()

describe('the instant of a schedule', () => {
  test.each([
    ['an instant stays what it is', '2026-03-21T10:00:00Z', 'Asia/Tehran', '2026-03-21T10:00:00.000Z'],
    [
      'an offset counts, not the zone',
      '2026-03-21T10:00:00+02:00',
      'Asia/Tehran',
      '2026-03-21T08:00:00.000Z',
    ],
    ['Tehran has no summer time since 2022', '2026-07-01T10:00', 'Asia/Tehran', '2026-07-01T06:30:00.000Z'],
    ['before the change of Berlin', '2026-03-28T10:00', 'Europe/Berlin', '2026-03-28T09:00:00.000Z'],
    ['after it', '2026-03-30T10:00', 'Europe/Berlin', '2026-03-30T08:00:00.000Z'],
    ['a missing hour is the next there is', '2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
    ['a doubled hour is the first', '2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['west of Greenwich: missing', '2026-03-08T02:30', 'America/New_York', '2026-03-08T07:00:00.000Z'],
    ['west of Greenwich: doubled', '2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['a change of half an hour', '2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-03T15:30:00.000Z'],
    ['a day that a zone left out', '2011-12-30T12:00', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
  ])('%s', (_name, scheduledAt, timezone, instant) => {
    expect(due(scheduledAt, timezone)).toBe(instant)
  })
})

const HOUR_MS = 3_600_000
const schedule: Schedule = {
  scheduledAt: '2026-03-21T10:00',
  timezone: 'Asia/Tehran',
  missedRun: 'runIfLateLessThan',
  missedRunLimitMs: HOUR_MS,
}
const dueMs = Date.parse('2026-03-21T06:30:00Z')

test('a schedule is in the future, at most a year ahead', () => {
  expect(scheduleFault(schedule, dueMs)).toBe('must be in the future')
  expect(scheduleFault(schedule, dueMs - 1)).toBeUndefined()
  expect(scheduleFault(schedule, dueMs - 365 * 24 * HOUR_MS)).toBeUndefined()
  expect(scheduleFault(schedule, dueMs - 365 * 24 * HOUR_MS - 1)).toBe('at most 365 days ahead')
})

describe('a start that is late', () => {
  const taken = (missedRun: Schedule['missedRun'], lateMs: number) => {
    const decision = decideDue({ ...schedule, missedRun }, dueMs + lateMs, 60_000)
    return decision.outcome === 'missed' ? `missed: ${decision.taken}` : decision.outcome
  }
  test.each([
    ['run', -1, 'wait'],
    ['skip', -364 * 24 * HOUR_MS, 'wait'],
    ['skip', 0, 'run'],
    ['skip', 60_000, 'run'],
    ['skip', 60_001, 'missed: skip'],
    ['run', 30 * 24 * HOUR_MS, 'missed: run'],
    ['runIfLateLessThan', HOUR_MS - 1, 'missed: run'],
    ['runIfLateLessThan', HOUR_MS, 'missed: skip'],
  ] as const)('%s, %d ms late: %s', (policy, lateMs, outcome) => {
    expect(taken(policy, lateMs)).toBe(outcome)
  })
})

const given = specify(campaignDecider)
const campaignId = campaignIdSchema.parse(7)
const ready: readonly CampaignEvent[] = [
  {
    type: 'CampaignCreated',
    data: {
      campaignId,
      tenant: tenantIdSchema.parse('acme'),
      ownerId: userIdSchema.parse('u1'),
      title: 'a',
      message: 'm',
    },
  },
  {
    type: 'RecipientsImported',
    data: {
      importId: 'i',
      mode: 'replace',
      chunks: { first: 0, last: 0 },
      accepted: 2,
      rejected: 0,
      duplicates: 0,
      total: 2,
      variables: [],
    },
  },
  { type: 'PacingSet', data: { intervalMs: 9_000 } },
]
const planned: readonly CampaignEvent[] = [...ready, { type: 'ScheduleSet', data: schedule }]
const scheduled: readonly CampaignEvent[] = [...planned, { type: 'CampaignScheduled', data: {} }]
const runKey = Buffer.alloc(32, 1).toString('base64')
const epoch = epochSchema.parse('e1')
const at = (ms: number) => new Date(ms).toISOString()

const setPacing = (plan?: Schedule | null, intervalMs = 9_000): CampaignCommand => ({
  type: 'SetPacing',
  data: { intervalMs, schedule: plan },
})
const startAt = (nowMs: number): CampaignCommand => ({
  type: 'StartCampaign',
  data: { runKey, epoch, now: at(nowMs), notBefore: at(nowMs + 10_000), hasConnectedNumber: true },
})
const dueAt = (nowMs: number): CampaignCommand => ({
  type: 'StartDue',
  data: { runKey, epoch, now: at(nowMs), graceMs: 60_000 },
})
const startedAt = (nowMs: number, notBeforeMs = nowMs): CampaignEvent => ({
  type: 'CampaignStarted',
  data: { runKey, epoch, notBefore: at(notBeforeMs), total: 2, attempt: 1 },
})
const cancel: CampaignCommand = { type: 'CancelSchedule', data: {} }

describe('a plan', () => {
  test('is set with the pacing, once', () => {
    given(...ready)
      .when(setPacing(schedule, 7_000))
      .then({ type: 'PacingSet', data: { intervalMs: 7_000 } }, { type: 'ScheduleSet', data: schedule })
    given(...planned)
      .when(setPacing(schedule))
      .thenNothing()
  })
  test('stays when the pacing alone is changed, and goes when it is asked to', () => {
    given(...planned)
      .when(setPacing(undefined, 8_000))
      .then({ type: 'PacingSet', data: { intervalMs: 8_000 } })
    given(...planned)
      .when(setPacing(null))
      .then({ type: 'ScheduleCancelled', data: {} })
    given(...ready)
      .when(setPacing(null))
      .thenNothing()
  })
  test('is none of a campaign that runs', () => {
    given(...planned, startedAt(dueMs))
      .when(setPacing({ ...schedule, missedRun: 'skip' }))
      .thenRejected({ code: 'wrong_state', state: 'RUNNING', allowed: ['DRAFT', 'READY', 'SCHEDULED'] })
  })
})

describe('a start', () => {
  test('waits for a time that is to come', () =>
    given(...planned)
      .when(startAt(dueMs - 1))
      .then({ type: 'CampaignScheduled', data: {} }))
  test('is at once when the time has passed, or when it is asked for again', () => {
    given(...planned)
      .when(startAt(dueMs))
      .then(startedAt(dueMs, dueMs + 10_000))
    given(...scheduled)
      .when(startAt(dueMs - HOUR_MS))
      .then(startedAt(dueMs - HOUR_MS, dueMs - HOUR_MS + 10_000))
  })
})

describe('when its time comes', () => {
  test('a campaign starts, once, with or without a number', () => {
    given(...scheduled)
      .when(dueAt(dueMs - 1))
      .thenNothing()
    given(...scheduled)
      .when(dueAt(dueMs))
      .then(startedAt(dueMs))
    given(...scheduled, startedAt(dueMs))
      .when(dueAt(dueMs + 1))
      .thenNothing()
    given(...planned)
      .when(dueAt(dueMs))
      .thenNothing()
  })
  test('and was slept through, an event says what was taken', () => {
    const late = dueMs + 2 * HOUR_MS
    const missed = (taken: 'run' | 'skip'): CampaignEvent => ({
      type: 'ScheduleMissed',
      data: { dueAt: at(dueMs), lateMs: 2 * HOUR_MS, taken },
    })
    given(...scheduled)
      .when(dueAt(late))
      .then(missed('skip'))
    given(...scheduled, missed('skip'))
      .when(dueAt(late))
      .thenNothing()
    given(...scheduled, { type: 'ScheduleSet', data: { ...schedule, missedRun: 'run' } })
      .when(dueAt(late))
      .then(missed('run'), startedAt(late))
  })
})

describe('a schedule that is cancelled', () => {
  test('leaves a campaign that can be started', () => {
    given(...scheduled)
      .when(cancel)
      .then({ type: 'ScheduleCancelled', data: {} })
    given(...scheduled, { type: 'ScheduleCancelled', data: {} })
      .when(cancel)
      .thenNothing()
    given(...scheduled, { type: 'ScheduleCancelled', data: {} })
      .when(startAt(dueMs - HOUR_MS))
      .then(startedAt(dueMs - HOUR_MS, dueMs - HOUR_MS + 10_000))
  })
  test('with its campaign is cancelled for good', () =>
    given(...scheduled)
      .when({ type: 'CancelCampaign', data: {} })
      .then({ type: 'CampaignCancelled', data: {} }))
})
