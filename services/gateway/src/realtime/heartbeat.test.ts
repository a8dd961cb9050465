import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { closeCodes } from '@peyk/contracts'

import type { Client } from './client.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import type { RealtimeMetrics } from './metrics.ts'

const INTERVAL_MS = 30_000
const TICK_MS = 300

let now = 0
let heartbeat: Heartbeat
const metrics = { pongTimeout: () => undefined } as unknown as RealtimeMetrics
beforeEach(() => {
  jest.useFakeTimers()
  heartbeat = startHeartbeat(INTERVAL_MS, metrics, () => now)
})
afterEach(() => {
  heartbeat.stop()
  jest.useRealTimers()
})

/** One turn of the event loop, `lateMs` after it was due. */
const tick = (lateMs = 0) => {
  now += TICK_MS + lateMs
  jest.advanceTimersByTime(TICK_MS)
}

/** A client that remembers when it was pinged and how it was closed; it pongs unless it is deaf. */
const listener = ({ isDeaf = false } = {}) => {
  const pings: number[] = []
  const closes: number[] = []
  const client = {
    isClosing: false,
    get awaitsPong() {
      return isDeaf && pings.length > 0
    },
    writeFrame: () => undefined,
    ping: () => pings.push(now),
    close: (code: number) => closes.push(code),
    sweep: () => undefined,
  } as unknown as Client
  heartbeat.add(client)
  return { pings, closes }
}

test.each([
  ['in time', 0],
  ['all late by a fifth', TICK_MS / 5],
  ['all late by several slots', 5 * TICK_MS],
])('[P12] a client is pinged once an interval; ticks %s', (_, lateMs) => {
  const start = now
  const { pings } = listener()
  while (now - start < 10 * INTERVAL_MS) tick(lateMs)
  expect(pings).toHaveLength(10)
  for (const [index, at] of pings.entries())
    expect(Math.abs(at - start - (index + 1) * INTERVAL_MS)).toBeLessThanOrEqual(TICK_MS + lateMs)
})

test('[P12] who has not ponged half an interval after its ping is closed', () => {
  const { pings, closes } = listener({ isDeaf: true })
  while (closes.length === 0) tick()
  expect(closes).toEqual([closeCodes.pongTimeout])
  expect(now - (pings[0] ?? 0)).toBe(INTERVAL_MS / 2)
})

test('[P12] after a minute in which the process stood still nobody is closed before it could pong', () => {
  const { pings, closes } = listener({ isDeaf: true })
  while (pings.length === 0) tick()
  const pingedAt = now
  tick(60_000)
  expect(closes).toEqual([])
  while (closes.length === 0) tick()
  expect(now - pingedAt - 60_000).toBeGreaterThanOrEqual(INTERVAL_MS / 4 - TICK_MS)
})
