import { describe, test } from '@jest/globals'
import {
  campaignIdSchema,
  type SessionEvent,
  sessionIdSchema,
  tenantIdSchema,
  userIdSchema,
} from '@peyk/contracts'
import { specify } from '@peyk/testing'

import { sessionDecider } from './decide.ts'

const given = specify(sessionDecider)

const request = {
  sessionId: sessionIdSchema.parse('wa_abcdefghij0123456789'),
  tenant: tenantIdSchema.parse('acme'),
  ownerId: userIdSchema.parse('u1'),
  method: 'qr',
} as const
const campaignId = campaignIdSchema.parse(1)
const otherCampaign = campaignIdSchema.parse(2)

const requested: SessionEvent = { type: 'LinkRequested', data: { ...request, campaignId } }
const linked: SessionEvent = { type: 'SessionLinked', data: { maskedNumber: '98912***89' } }
const disconnected: SessionEvent = { type: 'SessionDisconnected', data: { cause: 'network' } }
const connected: SessionEvent = { type: 'SessionConnected', data: {} }
const loggedOut: SessionEvent = { type: 'SessionLoggedOut', data: {} }
const banned: SessionEvent = { type: 'SessionBanned', data: { cause: '403' } }
const unlinkRequested: SessionEvent = { type: 'UnlinkRequested', data: {} }

const requestLink = { type: 'RequestLink', data: { ...request, campaignId } } as const
const recordConnected = { type: 'RecordConnected', data: { maskedNumber: '98912***89' } } as const
const recordDisconnected = { type: 'RecordDisconnected', data: { cause: 'network' } } as const
const recordLoggedOut = { type: 'RecordLoggedOut', data: {} } as const
const recordBanned = { type: 'RecordBanned', data: { cause: '403' } } as const
const requestUnlink = { type: 'RequestUnlink', data: {} } as const

describe('link', () => {
  test('begins a number', () => given().when(requestLink).then(requested))
  test('without a campaign nobody gets the QR', () =>
    given().when({ type: 'RequestLink', data: request }).then({ type: 'LinkRequested', data: request }))
  test('of the same campaign again changes nothing', () => given(requested).when(requestLink).thenNothing())
  test('of another campaign brings the QR to it too', () =>
    given(requested)
      .when({ type: 'RequestLink', data: { ...request, campaignId: otherCampaign } })
      .then({ type: 'LinkRequested', data: { ...request, campaignId: otherCampaign } }))
  test('of a linked number changes nothing', () => given(requested, linked).when(requestLink).thenNothing())
  test('of a linked number that is away changes nothing', () =>
    given(requested, linked, disconnected).when(requestLink).thenNothing())
  test.each([loggedOut, banned, unlinkRequested])('of a number that is gone links it anew: $type', (gone) =>
    given(requested, linked, gone).when(requestLink).then(requested),
  )
})

describe('what the sender reports', () => {
  test('the first connection is the link', () => given(requested).when(recordConnected).then(linked))
  test('a later one is a connection', () =>
    given(requested, linked, disconnected).when(recordConnected).then(connected))
  test('connected again changes nothing', () => given(requested, linked).when(recordConnected).thenNothing())
  test('a number that is being unlinked stays so', () =>
    given(requested, linked, unlinkRequested).when(recordConnected).thenNothing())
  test('a connection after a ban is a fact', () =>
    given(requested, linked, banned).when(recordConnected).then(linked))
  test('disconnected', () => given(requested, linked).when(recordDisconnected).then(disconnected))
  test('disconnected again, or before the link, changes nothing', () => {
    given(requested, linked, disconnected).when(recordDisconnected).thenNothing()
    given(requested).when(recordDisconnected).thenNothing()
  })
  test('logged out, once', () => {
    given(requested, linked).when(recordLoggedOut).then(loggedOut)
    given(requested, linked, loggedOut).when(recordLoggedOut).thenNothing()
  })
  test('banned, once', () => {
    given(requested, linked).when(recordBanned).then(banned)
    given(requested, linked, banned).when(recordBanned).thenNothing()
  })
  test('of a number that nobody asked for is refused', () =>
    given().when(recordConnected).thenRejected({ code: 'session_not_found' }))
})

describe('unlink', () => {
  test('ends a number', () => given(requested, linked).when(requestUnlink).then(unlinkRequested))
  test.each([unlinkRequested, loggedOut, banned])('of a number that is gone changes nothing: $type', (gone) =>
    given(requested, linked, gone).when(requestUnlink).thenNothing(),
  )
})
