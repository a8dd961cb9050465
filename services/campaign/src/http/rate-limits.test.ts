import { expect, test } from '@jest/globals'
import { type Principal, tenantIdSchema, userIdSchema } from '@peyk/contracts'
import { ProblemError } from '@peyk/service-kit'

import { createRateLimits, type RequestKind } from './rate-limits.ts'

const user = (name: string, tenant = 'acme'): Principal => ({
  tenant: tenantIdSchema.parse(tenant),
  userId: userIdSchema.parse(name),
  roles: ['member'],
})

const limiter = () => {
  let nowMs = 0
  const limit = { burst: 2, perSecond: 0.5 }
  const take = createRateLimits({ command: limit, read: limit, upload: limit }, () => nowMs)
  return {
    advance: (ms: number) => {
      nowMs += ms
    },
    attempt: (who: Principal, kind: RequestKind = 'command') => {
      try {
        take(who, kind)
        return 'allowed'
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error
        return `${error.code} ${String(error.headers['retry-after'])}`
      }
    },
  }
}

test('a burst, then one for each token that came back', () => {
  const { attempt, advance } = limiter()
  expect([1, 2, 3].map(() => attempt(user('a')))).toEqual(['allowed', 'allowed', 'too_many_requests 2'])
  advance(1_000)
  expect(attempt(user('a'))).toBe('too_many_requests 1')
  advance(1_000)
  expect(attempt(user('a'))).toBe('allowed')
})

test('users, tenants and kinds do not share', () => {
  const { attempt } = limiter()
  attempt(user('a'))
  attempt(user('a'))
  expect(attempt(user('a'))).not.toBe('allowed')
  expect(attempt(user('b'))).toBe('allowed')
  expect(attempt(user('a', 'other'))).toBe('allowed')
  expect(attempt(user('a'), 'read')).toBe('allowed')
})

test('quiet time gives no more than a burst', () => {
  const { attempt, advance } = limiter()
  advance(1_000_000)
  expect([1, 2, 3].map(() => attempt(user('a')))).toEqual(['allowed', 'allowed', 'too_many_requests 2'])
})
