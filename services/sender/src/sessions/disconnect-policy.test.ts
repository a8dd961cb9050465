import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import type { ClosedEvent, DisconnectCause } from '../channel/channel.ts'
import { freshPast, nextStep, pastAfter, STABLE_AFTER_MS } from './disconnect-policy.ts'

const now = Date.UTC(2024, 0, 1)
const closed = (cause: DisconnectCause, more: Partial<ClosedEvent> = {}): ClosedEvent => ({
  type: 'closed',
  cause,
  ...more,
})

/** The step after the n-th such end in a row. */
const stepAfter = (cause: DisconnectCause, times = 1, openForMs = 0, chance = 0) => {
  let past = freshPast
  for (let n = 0; n < times; n += 1) past = pastAfter(past, closed(cause), openForMs)
  return nextStep(closed(cause), past, now, chance)
}

describe('[S4] after a connection ended', () => {
  test('515: reconnect at once, but not for ever', () => {
    expect(stepAfter('restart_required')).toEqual({ step: 'reconnect', afterMs: 0 })
    expect(stepAfter('restart_required', 4)).toEqual({ step: 'reconnect', afterMs: 8_000 })
  })
  test('428, 408, 503, 500: back off from 1 s to 60 s', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 50].map((times) => stepAfter('connection_lost', times))
    expect(waits).toEqual(
      [1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => ({ step: 'reconnect', afterMs: seconds * 1_000 })),
    )
    expect(stepAfter('connection_lost', 50, 0, 0.9999)).toEqual({ step: 'reconnect', afterMs: 59_997 })
  })
  test('the back-off begins anew after stable minutes', () => {
    expect(stepAfter('connection_lost', 50, STABLE_AFTER_MS)).toEqual({ step: 'reconnect', afterMs: 1_000 })
  })
  test('back-off stays in bounds, whatever the chance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 0.9999, noNaN: true }),
        (times, chance) => {
          const step = stepAfter('connection_lost', times, 0, chance)
          expect(step.step === 'reconnect' && step.afterMs >= 1_000 && step.afterMs <= 60_000).toBe(true)
        },
      ),
    )
  })
  test('440 replaced: one delayed retry, then stop; never fight', () => {
    expect(stepAfter('replaced')).toEqual({ step: 'reconnect', afterMs: 30_000 })
    expect(stepAfter('replaced', 2)).toEqual({ step: 'stop', told: 'disconnected' })
  })
  test('401: wipe, and ask for a new link', () => {
    expect(stepAfter('logged_out')).toEqual({ step: 'wipe' })
  })
  test('403, 402, 406: stop', () => {
    expect(stepAfter('banned')).toEqual({ step: 'stop', told: 'banned' })
  })
  test('405: again with a newer version', () => {
    expect(stepAfter('outdated')).toEqual({ step: 'reconnect', afterMs: 1_000 })
  })
  test('429: a long pause, longer if WhatsApp says so, a day at most', () => {
    const rest = (until?: Date) => nextStep(closed('rate_limited', until ? { until } : {}), freshPast, now, 0)
    expect(rest()).toEqual({ step: 'rest', forMs: 900_000 })
    expect(rest(new Date(now + 3_600_000))).toEqual({ step: 'rest', forMs: 3_600_000 })
    expect(rest(new Date(now + 1e12))).toEqual({ step: 'rest', forMs: 86_400_000 })
  })
  test('[S2] nobody scanned: the next codes, 20 rounds of them', () => {
    expect(stepAfter('qr_expired', 19)).toEqual({ step: 'reconnect', afterMs: 1_000 })
    expect(stepAfter('qr_expired', 20)).toEqual({ step: 'stop', told: 'disconnected' })
  })
  test.each(['untrusted_server', 'pairing_refused'] as const)('%s: back off', (cause) => {
    expect(stepAfter(cause)).toEqual({ step: 'reconnect', afterMs: 1_000 })
  })
  test.each(['stopped', 'fenced', 'store_failed'] as const)('[S1] %s: begin with the lease', (cause) => {
    expect(stepAfter(cause)).toEqual({ step: 'start_over', afterMs: 1_000 })
  })
})
