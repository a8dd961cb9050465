import { describe, expect, test } from '@jest/globals'

import { campaignIdTextSchema, tenantIdSchema, userIdSchema } from './ids.ts'
import { natsTopology } from './nats-streams.ts'
import { parseLiveSubject, subjects } from './subjects.ts'

const tenant = tenantIdSchema.parse('acme')
const campaignId = campaignIdTextSchema.parse('7')

describe('ids', () => {
  test.each(['*', '>', 'a.b', '', ' ', '../x', 'A', '-a', 'a'.repeat(64), 'a'.repeat(200), 'آ', 'a b'])(
    '[A5] the hostile tenant id %j is refused',
    (text) => expect(tenantIdSchema.safeParse(text).success).toBe(false),
  )
  test.each(['a', 'a-b', 'a_b', '0', 'a'.repeat(63)])('[A5] the tenant id %j is accepted', (text) =>
    expect(tenantIdSchema.parse(text)).toBe(text),
  )
  test('[A5] a user id has at most 128 characters', () => {
    expect(userIdSchema.safeParse('u'.repeat(128)).success).toBe(true)
    expect(userIdSchema.safeParse('u'.repeat(129)).success).toBe(false)
  })
  test.each(['', '0', '-1', '1e3', ' 1', '1 ', '01', '+1', '1.0', '9007199254740992', '۱'])(
    '%j is no campaign id',
    (text) => expect(campaignIdTextSchema.safeParse(text).success).toBe(false),
  )
  test('the largest campaign id is 2^53 - 1', () => {
    expect(campaignIdTextSchema.parse('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('subjects', () => {
  test('a live subject names tenant, campaign and message type', () => {
    expect(parseLiveSubject(subjects.live(tenant, campaignId, 'qr_code'))).toEqual({
      tenant,
      campaignId,
      type: 'qr_code',
    })
  })
  test.each([
    'live.acme.7',
    'live.acme.7.other',
    'live.acme.x.qr_code',
    'live.acme.7.qr_code.x',
    'dead.acme.7.qr_code',
  ])('%s is no live subject', (subject) => expect(parseLiveSubject(subject)).toBeUndefined())
})

describe('streams', () => {
  const topology = natsTopology(1)
  const definitions = topology.streams
  test('no two streams share a subject', () => {
    const all = definitions.flatMap((stream) => stream.subjects)
    expect(new Set(all).size).toBe(all.length)
  })
  test('every stream and bucket is bounded, and together they fit in 80 % of 10 GiB', () => {
    const sizes = [...definitions, ...topology.buckets, ...topology.objectStores].map(
      ({ maxBytes }) => maxBytes,
    )
    expect(Math.min(...sizes)).toBeGreaterThan(0)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(0.8 * 10 * 1024 ** 3)
  })
  test('a duplicate window is never longer than the age', () => {
    for (const { maxAgeMs, duplicateWindowMs } of definitions) {
      expect(maxAgeMs === 0 || duplicateWindowMs <= maxAgeMs).toBe(true)
    }
  })
})
