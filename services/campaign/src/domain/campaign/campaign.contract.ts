// Random sequences of commands: whatever is asked, a campaign never reaches an illegal state.
import { expect } from '@jest/globals'
import {
  type CampaignCommand,
  type CampaignEvent,
  campaignEventSchema,
  campaignIdSchema,
  epochSchema,
  sessionIdSchema,
  tenantIdSchema,
  totalsOfPending,
  userIdSchema,
} from '@peyk/contracts'
import fc from 'fast-check'

import type { Campaign } from './campaign.ts'
import { campaignDecider } from './decide.ts'

const runKey = Buffer.alloc(32, 1).toString('base64')
const notBefore = '2024-01-01T10:00:10.000Z'
const totals = totalsOfPending(0)
const now = '2024-01-01T10:00:00.000Z'
const LIMIT = 5_000
const instants = ['2024-01-01T00:00:00.000Z', '2024-02-01T00:00:00.000Z', '2024-03-01T00:00:00.000Z']

const epoch = fc.constantFrom('e1', 'e2').map((text) => epochSchema.parse(text))
const hasConnectedNumber = fc.boolean()
const testId = '0a3a4c39-1a4f-4f7d-8d2b-0d5a2c9a7a11'

const schedule = fc.option(
  fc.oneof(
    fc.constant(null),
    fc.record({
      scheduledAt: fc.constantFrom('2024-01-01T00:00', '2024-01-20T10:00:00+03:30', '2024-02-01T03:00'),
      timezone: fc.constantFrom('Asia/Tehran', 'Europe/Berlin'),
      missedRun: fc.constantFrom('run' as const, 'runIfLateLessThan' as const, 'skip' as const),
      missedRunLimitMs: fc.constantFrom(60_000, 3_600_000),
    }),
  ),
  { nil: undefined },
)

const command: fc.Arbitrary<CampaignCommand> = fc.oneof(
  fc.constant<CampaignCommand>({
    type: 'CreateCampaign',
    data: {
      campaignId: campaignIdSchema.parse(1),
      tenant: tenantIdSchema.parse('acme'),
      ownerId: userIdSchema.parse('u1'),
      title: 'a',
      message: 'm',
    },
  }),
  fc.record({ type: fc.constant('ChangeTitle' as const), data: fc.record({ title: fc.string() }) }),
  fc.record({
    type: fc.constant('ChangeMessage' as const),
    data: fc.record({ message: fc.constantFrom('a', 'b', ' ') }),
  }),
  fc.record({
    type: fc.constant('ImportRecipients' as const),
    data: fc
      .record({
        importId: fc.uuid(),
        mode: fc.constantFrom('replace' as const, 'append' as const),
        first: fc.nat(6),
        extra: fc.nat(3),
        nextChunk: fc.nat(6),
        accepted: fc.integer({ min: 1, max: 4_000 }),
      })
      .map(({ first, extra, ...rest }) => ({
        ...rest,
        chunks: { first: Math.max(first, rest.nextChunk), last: Math.max(first, rest.nextChunk) + extra },
        rejected: 0,
        duplicates: 0,
        variables: [],
        limit: LIMIT,
      })),
  }),
  fc.record({
    type: fc.constant('SetPacing' as const),
    data: fc.record({ intervalMs: fc.integer({ min: 1, max: 9 }), schedule }),
  }),
  fc.record({
    type: fc.constant('AttachSession' as const),
    data: fc.record({
      sessionId: fc.constantFrom('a', 'b').map((c) => sessionIdSchema.parse(`wa_${c.repeat(20)}`)),
    }),
  }),
  fc.record({
    type: fc.constant('StartCampaign' as const),
    data: fc.record({
      runKey: fc.constant(runKey),
      epoch,
      now: fc.constant(now),
      notBefore: fc.constant(notBefore),
      hasConnectedNumber,
    }),
  }),
  fc.record({
    type: fc.constant('UndoStart' as const),
    data: fc.record({ now: fc.constantFrom(...instants) }),
  }),
  fc.record({
    type: fc.constant('RetryFailed' as const),
    data: fc.record({
      epoch,
      notBefore: fc.constant(notBefore),
      includeUnconfirmed: fc.boolean(),
      retryable: fc.nat(2),
      hasConnectedNumber,
    }),
  }),
  fc.record({
    type: fc.constant('PauseCampaign' as const),
    data: fc.record({ reason: fc.constantFrom('user' as const, 'stateLost' as const) }),
  }),
  fc.record({ type: fc.constant('ResumeCampaign' as const), data: fc.record({ epoch, hasConnectedNumber }) }),
  fc.constant<CampaignCommand>({ type: 'CancelSchedule', data: {} }),
  fc.record({
    type: fc.constant('StartDue' as const),
    data: fc.record({
      runKey: fc.constant(runKey),
      epoch,
      now: fc.constantFrom(...instants),
      graceMs: fc.constantFrom(0, 60_000),
    }),
  }),
  fc.constant<CampaignCommand>({ type: 'CancelCampaign', data: {} }),
  fc.constant<CampaignCommand>({ type: 'CompleteCampaign', data: { totals } }),
  fc.constant<CampaignCommand>({ type: 'FailCampaign', data: { reason: 'numberGone', totals } }),
  fc.record({
    type: fc.constant('DeleteCampaign' as const),
    data: fc.record({ restorableUntil: fc.constantFrom(...instants) }),
  }),
  fc.record({
    type: fc.constant('RestoreCampaign' as const),
    data: fc.record({ now: fc.constantFrom(...instants) }),
  }),
  fc.record({
    type: fc.constant('RequestTestSend' as const),
    data: fc.record({ testId: fc.constant(testId), runKey: fc.constant(runKey), hasConnectedNumber }),
  }),
)

const allowedNext: Record<Campaign['status'], readonly Campaign['status'][]> = {
  NONE: ['DRAFT'],
  DRAFT: ['READY'],
  READY: ['DRAFT', 'SCHEDULED', 'RUNNING'],
  SCHEDULED: ['READY', 'RUNNING', 'CANCELLED'],
  RUNNING: ['READY', 'PAUSED', 'COMPLETED', 'CANCELLED', 'FAILED'],
  PAUSED: ['RUNNING', 'CANCELLED', 'FAILED'],
  FAILED: ['RUNNING'],
  COMPLETED: ['RUNNING'],
  CANCELLED: [],
}

/** One step, with everything that has to hold of it. */
const step = (before: Campaign, next: CampaignCommand): Campaign => {
  const decision = campaignDecider.decide(next, before)
  if (decision.outcome === 'rejected') {
    if (decision.reason.code === 'wrong_state') expect(decision.reason.state).toBe(before.status)
    return before
  }
  const after = decision.events.reduce<Campaign>((state, event) => evolveChecked(state, event), before)
  if (after.status !== before.status) expect(allowedNext[before.status]).toContain(after.status)
  if ('run' in before && 'run' in after) expect(after.run?.total).toBe(before.run?.total)
  if (after.status !== 'NONE' && before.status !== 'NONE') {
    expect(after.details.nextChunk).toBeGreaterThanOrEqual(before.details.nextChunk)
    expect(after.details.recipients?.total ?? 0).toBeLessThanOrEqual(LIMIT)
  }
  expectRepeatToChangeNothing(next, after, decision.events.length)
  return after
}

const evolveChecked = (state: Campaign, event: CampaignEvent): Campaign => {
  expect(campaignEventSchema.parse(event)).toEqual(event)
  return campaignDecider.evolve(state, event)
}

/** A command that changed something and is asked again has nothing left to change; a test send is one each time. */
const expectRepeatToChangeNothing = (asked: CampaignCommand, after: Campaign, events: number) => {
  if (events === 0 || asked.type === 'RequestTestSend') return
  // Asked to start again, one that waits for its time starts now.
  if (asked.type === 'StartCampaign' && after.status === 'SCHEDULED') return
  expect(campaignDecider.decide(asked, after)).toEqual({ outcome: 'accepted', events: [] })
}

/** Runs `sequences` of up to `length` commands each; the seed is printed when one fails. */
export const checkRandomCommands = (options: { readonly sequences: number; readonly length: number }) =>
  fc.assert(
    fc.property(fc.array(command, { maxLength: options.length, size: 'max' }), (commands) => {
      commands.reduce(step, campaignDecider.initialState)
    }),
    { numRuns: options.sequences },
  )
