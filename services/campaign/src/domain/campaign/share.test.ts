import { describe, test } from '@jest/globals'
import {
  type CampaignEvent,
  campaignIdSchema,
  shareIdSchema,
  tenantIdSchema,
  userIdSchema,
} from '@peyk/contracts'
import { specify } from '@peyk/testing'

import { campaignDecider } from './decide.ts'

const given = specify(campaignDecider)
const created: CampaignEvent = {
  type: 'CampaignCreated',
  data: {
    campaignId: campaignIdSchema.parse(7),
    tenant: tenantIdSchema.parse('acme'),
    ownerId: userIdSchema.parse('1'),
    title: 'T',
    message: 'M',
  },
}
const now = '2024-01-01T10:00:00.000Z'
const shareOf = (index: number, expiresAt = '2024-01-08T10:00:00.000Z') => ({
  shareId: shareIdSchema.parse(index.toString(16).padStart(32, '0')),
  key: Buffer.alloc(32, index).toString('base64'),
  expiresAt,
})
const shared = (index: number, expiresAt?: string): CampaignEvent => ({
  type: 'ReportShared',
  data: shareOf(index, expiresAt),
})
const revoked = (index: number): CampaignEvent => ({
  type: 'ReportShareRevoked',
  data: { shareId: shareOf(index).shareId },
})
const share = (index: number) => ({ type: 'ShareReport' as const, data: { share: shareOf(index), now } })
const revoke = (index?: number) => ({
  type: 'RevokeShares' as const,
  data: { shareId: index === undefined ? undefined : shareOf(index).shareId },
})

describe('links to a report', () => {
  test('are made in any state, the same one once', () => {
    given(created).when(share(1)).then(shared(1))
    given(created, shared(1)).when(share(1)).thenNothing()
  })
  test('are revoked one by one or all, and once', () => {
    given(created, shared(1), shared(2)).when(revoke(1)).then(revoked(1))
    given(created, shared(1), shared(2)).when(revoke()).then(revoked(1), revoked(2))
    given(created, shared(1), revoked(1)).when(revoke(1)).thenNothing()
    given(created).when(revoke()).thenNothing()
  })
  test('are a hundred at most; those that expired do not count', () => {
    const many = Array.from({ length: 100 }, (_, index) => shared(index + 1))
    given(created, ...many)
      .when(share(101))
      .thenRejected({ code: 'too_many_shares', limit: 100 })
    given(created, ...many.slice(1), shared(1, now))
      .when(share(101))
      .then(shared(101))
  })
})
