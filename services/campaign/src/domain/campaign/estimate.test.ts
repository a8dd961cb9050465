import { describe, expect, test } from '@jest/globals'

import { estimate, meanIntervalMs } from './estimate.ts'

describe('the mean interval', () => {
  test('is the interval where the least one does not cut the jitter', () =>
    expect(meanIntervalMs(20_000, 5_000)).toBe(20_000))
  test('5 s with at least 5 s is drawn from 5 to 7 s', () =>
    expect(meanIntervalMs(5_000, 5_000)).toBeCloseTo(5_500))
  test('is the least one where all of the jitter is below it', () =>
    expect(meanIntervalMs(1_000, 5_000)).toBe(5_000))
  test('agrees with many draws', () => {
    const draws = Array.from({ length: 200_000 }, (_, index) =>
      Math.max(5_000, 6_000 * (0.6 + (0.8 * (index + 0.5)) / 200_000)),
    )
    expect(meanIntervalMs(6_000, 5_000)).toBeCloseTo(
      draws.reduce((sum, draw) => sum + draw) / draws.length,
      3,
    )
  })
})

describe('an estimate', () => {
  const startsAt = new Date('2024-01-01T10:00:00.000Z')
  const plan = { intervalMs: 10_000, minIntervalMs: 5_000, startsAt }

  test('ends with the last message', () =>
    expect(estimate({ ...plan, pending: 100 })).toEqual({
      pending: 100,
      interval: '10s',
      meanIntervalSeconds: 10,
      messagesPerDay: 8_640,
      seconds: 990,
      startsAt: '2024-01-01T10:00:00.000Z',
      endsAt: '2024-01-01T10:16:30.000Z',
    }))
  test.each([0, 1])('%d recipients take no time', (pending) =>
    expect(estimate({ ...plan, pending })).toMatchObject({ seconds: 0, endsAt: startsAt.toISOString() }),
  )
})
