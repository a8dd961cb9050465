import { describe, test } from '@jest/globals'
import {
  campaignIdSchema,
  type CampaignEvent,
  epochSchema,
  sessionIdSchema,
  tenantIdSchema,
  totalsOfPending,
  userIdSchema,
} from '@peyk/contracts'
import { specify } from '@peyk/testing'

import { campaignDecider } from './decide.ts'

const given = specify(campaignDecider)

const epoch = epochSchema.parse('2024-01-01T00:00:00Z')
const laterEpoch = epochSchema.parse('2024-02-02T00:00:00Z')
const sessionId = sessionIdSchema.parse('wa_abcdefghij0123456789')
const otherSession = sessionIdSchema.parse('wa_zzzzzzzzzzzzzzzzzzzz')
const runKey = Buffer.alloc(32, 7).toString('base64')
const now = '2024-01-01T10:00:00.000Z'
const notBefore = '2024-01-01T10:00:10.000Z'
const testId = '0a3a4c39-1a4f-4f7d-8d2b-0d5a2c9a7a11'

const identity = {
  campaignId: campaignIdSchema.parse(1),
  tenant: tenantIdSchema.parse('acme'),
  ownerId: userIdSchema.parse('u1'),
  title: 'کمپین 1',
}
const created: CampaignEvent = { type: 'CampaignCreated', data: { ...identity, message: 'سلام {{name}}' } }
const createdBlank: CampaignEvent = { type: 'CampaignCreated', data: { ...identity, message: ' ' } }
const batch = {
  importId: 'i1',
  mode: 'replace' as const,
  chunks: { first: 0, last: 2 },
  accepted: 2_500,
  rejected: 3,
  duplicates: 4,
  variables: ['name'],
}
const imported: CampaignEvent = { type: 'RecipientsImported', data: { ...batch, total: 2_500 } }
const started: CampaignEvent = {
  type: 'CampaignStarted',
  data: { runKey, epoch, notBefore, total: 2_500, attempt: 1 },
}
const paused: CampaignEvent = { type: 'CampaignPaused', data: { reason: 'user' } }
const resumed: CampaignEvent = { type: 'CampaignResumed', data: { epoch } }
const cancelled: CampaignEvent = { type: 'CampaignCancelled', data: {} }
const totals = { ...totalsOfPending(0), sent: 2_500 }
const completed: CampaignEvent = { type: 'CampaignCompleted', data: { totals } }
const failed: CampaignEvent = { type: 'CampaignFailed', data: { reason: 'numberGone', totals } }

const ready = [created, imported]
const running = [...ready, started]
const states = {
  DRAFT: [created],
  READY: ready,
  RUNNING: running,
  PAUSED: [...running, paused],
  COMPLETED: [...running, completed],
  CANCELLED: [...running, cancelled],
  FAILED: [...running, failed],
} as const

const start = {
  type: 'StartCampaign',
  data: { runKey, epoch, now, notBefore, hasConnectedNumber: true },
} as const
const importBatch = {
  type: 'ImportRecipients',
  data: { ...batch, limit: 100_000, nextChunk: 0 },
} as const
const resume = (hasConnectedNumber: boolean) =>
  ({ type: 'ResumeCampaign', data: { epoch: laterEpoch, hasConnectedNumber } }) as const
const pause = { type: 'PauseCampaign', data: { reason: 'user' } } as const
const cancel = { type: 'CancelCampaign', data: {} } as const
const complete = { type: 'CompleteCampaign', data: { totals } } as const
const fail = { type: 'FailCampaign', data: { reason: 'numberGone', totals } } as const
const attach = { type: 'AttachSession', data: { sessionId } } as const
const testSend = (hasConnectedNumber: boolean) =>
  ({ type: 'RequestTestSend', data: { testId, runKey, hasConnectedNumber } }) as const

describe('create', () => {
  const create = { type: 'CreateCampaign', data: { ...identity, message: 'سلام {{name}}' } } as const
  test('begins a campaign', () => given().when(create).then(created))
  test('as a copy it keeps the pacing', () =>
    given()
      .when({ ...create, data: { ...create.data, copyOf: identity.campaignId, intervalMs: 7_000 } })
      .then(
        { type: 'CampaignCreated', data: { ...create.data, copyOf: identity.campaignId } },
        { type: 'PacingSet', data: { intervalMs: 7_000 } },
      ))
  test('of a campaign that is there changes nothing', () => given(created).when(create).thenNothing())
  test('comes before every other command', () =>
    given().when(start).thenRejected({ code: 'campaign_not_found' }))
})

describe('title', () => {
  const change = { type: 'ChangeTitle', data: { title: 'نو' } } as const
  test('changes', () =>
    given(created)
      .when(change)
      .then({ type: 'TitleChanged', data: { title: 'نو' } }))
  test('the same again changes nothing, in any state', () =>
    given(...running)
      .when({ type: 'ChangeTitle', data: { title: identity.title } })
      .thenNothing())
  test('stays while the campaign runs', () =>
    given(...running)
      .when(change)
      .thenRejected({
        code: 'wrong_state',
        state: 'RUNNING',
        allowed: ['DRAFT', 'READY', 'SCHEDULED', 'PAUSED', 'COMPLETED', 'CANCELLED', 'FAILED'],
      }))
})

describe('message', () => {
  const change = { type: 'ChangeMessage', data: { message: 'درود' } } as const
  const changed: CampaignEvent = { type: 'MessageChanged', data: { message: 'درود' } }
  test.each(['DRAFT', 'READY', 'PAUSED', 'FAILED'] as const)('changes in %s', (state) =>
    given(...states[state])
      .when(change)
      .then(changed),
  )
  test.each(['RUNNING', 'COMPLETED', 'CANCELLED'] as const)('stays in %s', (state) =>
    given(...states[state])
      .when(change)
      .thenRejected({
        code: 'wrong_state',
        state,
        allowed: ['DRAFT', 'READY', 'SCHEDULED', 'PAUSED', 'FAILED'],
      }),
  )
  test('the same again changes nothing', () =>
    given(...running)
      .when({ type: 'ChangeMessage', data: { message: 'سلام {{name}}' } })
      .thenNothing())
})

describe('recipients', () => {
  test('an import counts from its event on', () => given(created).when(importBatch).then(imported))
  test('the same import again changes nothing', () =>
    given(...ready)
      .when(importBatch)
      .thenNothing())
  test('replace begins the list anew', () =>
    given(...ready)
      .when({
        type: 'ImportRecipients',
        data: {
          ...batch,
          importId: 'i2',
          chunks: { first: 3, last: 3 },
          accepted: 10,
          limit: 100,
          nextChunk: 3,
        },
      })
      .then({
        type: 'RecipientsImported',
        data: { ...batch, importId: 'i2', chunks: { first: 3, last: 3 }, accepted: 10, total: 10 },
      }))
  test('append adds to the list', () =>
    given(...ready)
      .when({
        type: 'ImportRecipients',
        data: {
          ...batch,
          importId: 'i2',
          mode: 'append',
          chunks: { first: 3, last: 3 },
          accepted: 10,
          limit: 2_510,
          nextChunk: 3,
        },
      })
      .then({
        type: 'RecipientsImported',
        data: {
          ...batch,
          importId: 'i2',
          mode: 'append',
          chunks: { first: 3, last: 3 },
          accepted: 10,
          total: 2_510,
        },
      }))
  test('no more than the limit', () =>
    given(...ready)
      .when({
        type: 'ImportRecipients',
        data: {
          ...batch,
          importId: 'i2',
          mode: 'append',
          chunks: { first: 3, last: 3 },
          accepted: 11,
          limit: 2_510,
          nextChunk: 3,
        },
      })
      .thenRejected({ code: 'too_many_recipients', limit: 2_510 }))
  test('an import that another one overtook is refused: its positions are taken', () =>
    given(...ready)
      .when({
        type: 'ImportRecipients',
        data: { ...batch, importId: 'i2', chunks: { first: 5, last: 5 }, limit: 100_000, nextChunk: 0 },
      })
      .thenRejected({ code: 'conflict' }))
  test.each(['RUNNING', 'PAUSED', 'COMPLETED', 'CANCELLED', 'FAILED'] as const)('stay in %s', (state) =>
    given(...states[state])
      .when({ type: 'ImportRecipients', data: { ...importBatch.data, importId: 'i2' } })
      .thenRejected({ code: 'wrong_state', state, allowed: ['DRAFT', 'READY', 'SCHEDULED'] }),
  )
})

describe('pacing and number', () => {
  test('the interval changes, also while running', () =>
    given(...running)
      .when({ type: 'SetPacing', data: { intervalMs: 20_000 } })
      .then({ type: 'PacingSet', data: { intervalMs: 20_000 } }))
  test('the same interval again changes nothing', () =>
    given(created, { type: 'PacingSet', data: { intervalMs: 20_000 } })
      .when({ type: 'SetPacing', data: { intervalMs: 20_000 } })
      .thenNothing())
  test('a number is attached', () =>
    given(created).when(attach).then({ type: 'SessionAttached', data: { sessionId } }))
  test('the same number again changes nothing, also while running', () =>
    given(created, { type: 'SessionAttached', data: { sessionId } }, imported, started)
      .when(attach)
      .thenNothing())
  test('another number while running is refused', () =>
    given(created, { type: 'SessionAttached', data: { sessionId: otherSession } }, imported, started)
      .when(attach)
      .thenRejected({
        code: 'wrong_state',
        state: 'RUNNING',
        allowed: ['DRAFT', 'READY', 'SCHEDULED', 'PAUSED', 'FAILED'],
      }))
})

describe('start', () => {
  test('of a ready campaign fixes its total', () =>
    given(...ready)
      .when(start)
      .then(started))
  test('of a running campaign changes nothing', () =>
    given(...running)
      .when(start)
      .thenNothing())
  test('needs a message', () => given(createdBlank).when(start).thenRejected({ code: 'no_message' }))
  test('needs recipients', () => given(created).when(start).thenRejected({ code: 'no_recipients' }))
  test('needs a connected number', () =>
    given(...ready)
      .when({ type: 'StartCampaign', data: { ...start.data, hasConnectedNumber: false } })
      .thenRejected({ code: 'no_connected_number' }))
  test.each(['PAUSED', 'COMPLETED', 'CANCELLED', 'FAILED'] as const)('is refused in %s', (state) =>
    given(...states[state])
      .when(start)
      .thenRejected({ code: 'wrong_state', state, allowed: ['READY', 'SCHEDULED'] }),
  )
})

describe('pause, resume, cancel', () => {
  test('a running campaign pauses', () =>
    given(...running)
      .when(pause)
      .then(paused))
  test('a paused campaign keeps its first reason', () =>
    given(...states.PAUSED)
      .when({ type: 'PauseCampaign', data: { reason: 'stateLost' } })
      .thenNothing())
  test.each(['DRAFT', 'READY', 'COMPLETED', 'CANCELLED', 'FAILED'] as const)('no pause in %s', (state) =>
    given(...states[state])
      .when(pause)
      .thenRejected({ code: 'wrong_state', state, allowed: ['RUNNING'] }),
  )
  test('a paused campaign goes on in the epoch of now, and waits for its number if it must', () =>
    given(...states.PAUSED)
      .when(resume(false))
      .then({ type: 'CampaignResumed', data: { epoch: laterEpoch } }))
  test('a running campaign that is resumed changes nothing', () =>
    given(...states.PAUSED, resumed)
      .when(resume(true))
      .thenNothing())
  test('a failed campaign goes on with another number', () =>
    given(...states.FAILED)
      .when(resume(true))
      .then({ type: 'CampaignResumed', data: { epoch: laterEpoch } }))
  test('a failed campaign needs a number that is connected', () =>
    given(...states.FAILED)
      .when(resume(false))
      .thenRejected({ code: 'no_connected_number' }))
  test.each(['DRAFT', 'READY', 'COMPLETED', 'CANCELLED'] as const)('no resume in %s', (state) =>
    given(...states[state])
      .when(resume(true))
      .thenRejected({ code: 'wrong_state', state, allowed: ['PAUSED', 'FAILED'] }),
  )
  test.each(['RUNNING', 'PAUSED'] as const)('cancel ends a campaign in %s', (state) =>
    given(...states[state])
      .when(cancel)
      .then(cancelled),
  )
  test('cancel is final', () =>
    given(...states.CANCELLED)
      .when(cancel)
      .thenNothing())
  test.each(['DRAFT', 'READY', 'COMPLETED', 'FAILED'] as const)('no cancel in %s', (state) =>
    given(...states[state])
      .when(cancel)
      .thenRejected({ code: 'wrong_state', state, allowed: ['SCHEDULED', 'RUNNING', 'PAUSED'] }),
  )
})

describe('the end', () => {
  test('completes a running campaign', () =>
    given(...running)
      .when(complete)
      .then(completed))
  test('comes once', () =>
    given(...states.COMPLETED)
      .when(complete)
      .thenNothing())
  test('waits while the campaign is paused', () =>
    given(...states.PAUSED)
      .when(complete)
      .thenRejected({ code: 'wrong_state', state: 'PAUSED', allowed: ['RUNNING'] }))
  test.each(['RUNNING', 'PAUSED'] as const)('a campaign in %s fails when its numbers are gone', (state) =>
    given(...states[state])
      .when(fail)
      .then(failed),
  )
  test('it fails once', () =>
    given(...states.FAILED)
      .when(fail)
      .thenNothing())
})

describe('test send', () => {
  const requested: CampaignEvent = { type: 'TestSendRequested', data: { testId, runKey } }
  test.each(['DRAFT', 'READY', 'RUNNING', 'PAUSED', 'FAILED'] as const)('is possible in %s', (state) =>
    given(...states[state])
      .when(testSend(true))
      .then(requested),
  )
  test('needs a connected number', () =>
    given(created).when(testSend(false)).thenRejected({ code: 'no_connected_number' }))
  test('needs a message', () => given(createdBlank).when(testSend(true)).thenRejected({ code: 'no_message' }))
  test.each(['COMPLETED', 'CANCELLED'] as const)('is refused in %s', (state) =>
    given(...states[state])
      .when(testSend(true))
      .thenRejected({
        code: 'wrong_state',
        state,
        allowed: ['DRAFT', 'READY', 'SCHEDULED', 'RUNNING', 'PAUSED', 'FAILED'],
      }),
  )
})

describe('deletion', () => {
  const restorableUntil = '2024-02-01T00:00:00.000Z'
  const later = '2024-02-01T00:00:00.001Z'
  const remove = { type: 'DeleteCampaign', data: { restorableUntil } } as const
  const deleted: CampaignEvent = { type: 'CampaignDeleted', data: { restorableUntil } }
  const restore = (now: string) => ({ type: 'RestoreCampaign', data: { now } }) as const
  const restored: CampaignEvent = { type: 'CampaignRestored', data: {} }

  test.each(['DRAFT', 'READY', 'PAUSED', 'COMPLETED', 'CANCELLED', 'FAILED'] as const)('of %s', (state) =>
    given(...states[state])
      .when(remove)
      .then(deleted),
  )
  test('is refused while the campaign runs', () =>
    given(...running)
      .when(remove)
      .thenRejected({
        code: 'wrong_state',
        state: 'RUNNING',
        allowed: ['DRAFT', 'READY', 'SCHEDULED', 'PAUSED', 'COMPLETED', 'CANCELLED', 'FAILED'],
      }))
  test('comes once', () => given(created, deleted).when(remove).thenNothing())
  test('leaves a campaign that takes no command', () =>
    given(...states.PAUSED, deleted)
      .when(resume(true))
      .thenRejected({ code: 'campaign_not_found' }))
  test('is undone in time, once', () => {
    given(created, deleted).when(restore(restorableUntil)).then(restored)
    given(created, deleted, restored).when(restore(later)).thenNothing()
  })
  test('is for good after that', () =>
    given(created, deleted).when(restore(later)).thenRejected({ code: 'campaign_not_found' }))
  test('leaves the state as it was', () =>
    given(...states.PAUSED, deleted, restored)
      .when(resume(false))
      .then({ type: 'CampaignResumed', data: { epoch: laterEpoch } }))
})
