// Given what the feed told, when one more thing happens, then what a screen may show.
import { describe, expect, test } from '@jest/globals'
import type { CampaignMessages } from '@peyk/client'

import {
  type FeedEvent,
  type FeedMessage,
  feedReducer,
  type FeedState,
  initialFeed,
  reduceFeed,
  speedOf,
} from './feed-state.ts'

const timestamp = '2024-01-01T10:15:00Z'
const message = <Type extends keyof CampaignMessages>(type: Type, data: CampaignMessages[Type]) =>
  ({ type, data }) as FeedMessage
const told = (told: FeedMessage, atMs = 0): FeedEvent => ({ type: 'told', message: told, atMs })
const after = (seconds: number) => new Date(Date.parse(timestamp) + seconds * 1_000).toISOString()
const update = (sent: number, status: 'RUNNING' | 'PAUSED' | 'COMPLETED' = 'RUNNING', seconds = 0) =>
  message('campaign_update', {
    id: 1,
    title: 'T',
    status,
    progress: { total: 100, sent, failed: 2, delivered: 0 },
    startedAt: null,
    completedAt: null,
    timestamp: after(seconds),
  })
const progress = (sent: number, seconds = 0) =>
  message('progress_update', {
    progress: { sent, total: 100, current: '09123456789' },
    timestamp: after(seconds),
  })
const given = (...events: readonly FeedEvent[]): FeedState => events.reduce(feedReducer, initialFeed)
const opened: FeedEvent = { type: 'opened' }

describe('what is of now', () => {
  test('an open connection that has told nothing is not', () =>
    expect(given(opened)).toMatchObject({ link: 'live', isCurrent: false }))
  test('the first update of the campaign makes the figures those of now', () =>
    expect(given(opened, told(update(5)))).toMatchObject({ isCurrent: true, progress: { sent: 5 } }))
  test('a message without all figures leaves them old', () => {
    const back = given(opened, told(update(5)), { type: 'lost' }, opened)
    const word = message('status_update', { status: 'ready', message: 'x', timestamp })
    const error = message('error_update', { error: 'x', timestamp })
    for (const next of [progress(6), word, error]) expect(feedReducer(back, told(next)).isCurrent).toBe(false)
  })
  test('a lost connection keeps the figures, but as old ones', () =>
    expect(given(opened, told(update(5)), { type: 'lost' })).toMatchObject({
      link: 'reconnecting',
      isCurrent: false,
      progress: { sent: 5 },
      toldAt: after(0),
    }))
  test('back again, they are old until the server has spoken', () => {
    const back = given(opened, told(update(5)), { type: 'lost' }, opened)
    expect(back.isCurrent).toBe(false)
    expect(feedReducer(back, told(update(9)))).toMatchObject({ isCurrent: true, progress: { sent: 9 } })
  })
  test('back again with all that was missed, they are of now at once', () => {
    const back = given(opened, told(update(5)), { type: 'lost' }, opened, {
      type: 'resumed',
      recovered: true,
    })
    expect(back.isCurrent).toBe(true)
    expect(feedReducer(back, told(progress(6)))).toMatchObject({
      isCurrent: true,
      progress: { sent: 6, failed: 2 },
    })
  })
  test('back again with something missing, they wait for the newest state', () => {
    const back = given(opened, told(update(5)), { type: 'lost' }, opened, {
      type: 'resumed',
      recovered: false,
    })
    expect(back.isCurrent).toBe(false)
    expect(feedReducer(back, told(update(7))).isCurrent).toBe(true)
  })
  test('all that was missed is nothing without figures to begin with', () =>
    expect(given(opened, { type: 'lost' }, opened, { type: 'resumed', recovered: true }).isCurrent).toBe(
      false,
    ))
  test('who is refused is told so', () =>
    expect(given({ type: 'refused' })).toMatchObject({ link: 'refused', isCurrent: false }))
})

describe('messages', () => {
  test('progress moves what was sent and keeps the rest', () =>
    expect(given(opened, told(update(5)), told(progress(6)))).toMatchObject({
      progress: { total: 100, sent: 6, failed: 2 },
      current: '09123456789',
    }))
  test('a QR code goes away when the number is connected, and with the connection', () => {
    const shown = given(
      opened,
      told(message('qr_code', { qrCode: 'data:image/png;base64,AA', timestamp }), 7),
    )
    expect(shown.qr).toEqual({ image: 'data:image/png;base64,AA', receivedAtMs: 7 })
    const ready = message('status_update', { status: 'ready', message: 'x', timestamp })
    expect(feedReducer(shown, told(ready)).qr).toBeUndefined()
    expect(feedReducer(shown, { type: 'lost' }).qr).toBeUndefined()
  })
  test('an error names the number and a reason that can be translated', () => {
    const error = 'Failed to send message to 09123456789: Invalid phone number'
    expect(given(told(message('error_update', { error, timestamp }))).errors).toEqual([
      { number: '09123456789', reason: 'not_on_whatsapp', at: timestamp },
    ])
  })
  test('of many errors the newest fifty stay', () => {
    const errors = Array.from({ length: 60 }, (_, index) =>
      told(message('error_update', { error: `Failed to send message to ${index}: x`, timestamp })),
    )
    const kept = given(...errors).errors
    expect([kept.length, kept[0]?.number, kept[0]?.reason]).toEqual([50, '59', 'other'])
  })
})

describe('speed', () => {
  test('is not known from one moment', () =>
    expect(speedOf(given(opened, told(update(5)), told(progress(6, 1))))).toBeUndefined())
  test('is that of the last minute', () => {
    const state = given(opened, told(update(0)), told(progress(50, 61)), told(progress(70, 71)))
    expect(speedOf(state)).toBeCloseTo(2)
  })
  test('begins anew after a pause', () => {
    const paused = given(opened, told(update(0)), told(progress(9, 5)), told(update(9, 'PAUSED', 6)))
    expect(speedOf(paused)).toBeUndefined()
  })
  test('is not lifted by what was missed and arrives all at once', () => {
    const back = given(opened, told(update(0)), { type: 'lost' }, opened, {
      type: 'resumed',
      recovered: true,
    })
    const replayed = [1, 2, 3, 4, 5].map((sent) => told(progress(sent, sent * 2), 500))
    expect(speedOf(replayed.reduce(feedReducer, back))).toBeCloseTo(0.5)
  })
})

test('what came between two pictures of the screen is one change; a busy second leaves one moment for the speed', () => {
  const busy = Array.from({ length: 600 }, (_, sent) => told(progress(sent, Math.floor(sent / 60))))
  const state = reduceFeed(given(opened, told(update(0))), busy)
  expect(state.progress?.sent).toBe(599)
  expect(state.samples.map(({ sent }) => sent)).toEqual([59, 119, 179, 239, 299, 359, 419, 479, 539, 599])
})
