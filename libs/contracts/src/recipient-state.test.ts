import { describe, expect, test } from '@jest/globals'

import { isSettled, movesForward, progressOf, totalsOfPending } from './recipient-state.ts'

describe('recipient states', () => {
  test('[L5] states only move forward; an unconfirmed one gives way to proof', () => {
    expect(movesForward('attempted', 'sent')).toBe(true)
    expect(movesForward('unconfirmed', 'delivered')).toBe(true)
    expect(movesForward('delivered', 'sent')).toBe(false)
    expect(movesForward('read', 'read')).toBe(false)
    expect(movesForward('sent', 'failed')).toBe(false)
    expect(movesForward('failed', 'skipped')).toBe(false)
  })
  test('sent holds delivered and read ones, failed holds skipped and unconfirmed ones', () => {
    const totals = {
      pending: 1,
      attempted: 2,
      sent: 3,
      delivered: 4,
      read: 5,
      replied: 6,
      failed: 7,
      skipped: 8,
      unconfirmed: 9,
    }
    expect(progressOf(totals)).toEqual({ total: 45, sent: 18, failed: 24, delivered: 15 })
  })
  test('a campaign is settled once nobody is pending or attempted', () => {
    expect(isSettled(totalsOfPending(1))).toBe(false)
    expect(isSettled({ ...totalsOfPending(0), attempted: 1 })).toBe(false)
    expect(isSettled({ ...totalsOfPending(0), sent: 1, failed: 2 })).toBe(true)
  })
})
