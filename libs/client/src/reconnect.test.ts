import { describe, expect, test } from '@jest/globals'

import { decideReconnect, type Ended, standardPolicy } from './reconnect.ts'

const ended = (fields: Partial<Ended> = {}): Ended => ({
  code: 1006,
  reason: '',
  attempts: 0,
  canRenewToken: false,
  ...fields,
})
const delayOf = (fields: Partial<Ended>, policy = {}, random = 0) => {
  const decision = decideReconnect(ended(fields), { ...standardPolicy, ...policy }, random)
  return decision.kind === 'reconnect' ? decision.delayMs : decision.kind
}

describe('reconnecting', () => {
  test('by default as the owner wrote it: after 5, 10, 15, 20 and 25 seconds, then never', () => {
    expect([0, 1, 2, 3, 4, 5].map((attempts) => delayOf({ attempts }))).toEqual([
      5_000,
      10_000,
      15_000,
      20_000,
      25_000,
      'stop',
    ])
  })
  test('more attempts: the delay grows to its limit', () => {
    expect(delayOf({ attempts: 50 }, { maxReconnectAttempts: Infinity })).toBe(60_000)
  })
  test('jitter takes a share of the delay away', () => {
    expect([0, 0.5, 1].map((random) => delayOf({}, { jitter: 0.5 }, random))).toEqual([5_000, 3_750, 2_500])
  })
  test('a delay that the server names goes before our own', () => {
    expect(delayOf({ code: 1012, reason: '{"c":"restart","r":1234}' })).toBe(1_234)
    expect(delayOf({ code: 4290, reason: '{"c":"slow","r":5000}', attempts: 3 })).toBe(5_000)
  })
  test.each(['', 'text', '{}', '[]', 'null', '{"r":"1"}', '{"r":-1}'])('a reason without one: %p', (reason) =>
    expect(delayOf({ code: 1012, reason })).toBe(5_000),
  )
  test.each([1003, 4400, 4403, 4404, 4406])('%i: no further dial mends it', (code) =>
    expect(delayOf({ code, canRenewToken: true })).toBe('stop'),
  )
  test('4401: at once with a new token, then with the delays; without one never', () => {
    expect(delayOf({ code: 4401, canRenewToken: true })).toBe(0)
    expect(delayOf({ code: 4401, canRenewToken: true, attempts: 1 })).toBe(10_000)
    expect(delayOf({ code: 4401 })).toBe('stop')
  })
  test('an overloaded server gets at least 5 s, too many connections 30 s', () => {
    const quick = { reconnectDelayMs: 10, jitter: 1 }
    expect(delayOf({ code: 1013 }, quick, 0.9)).toBe(5_000)
    expect(delayOf({ code: 4429 }, quick, 0.9)).toBe(30_000)
  })
})
