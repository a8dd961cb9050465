import { describe, expect, test } from '@jest/globals'

import { MemoryCredentials } from '../channel/memory-credentials.ts'
import { DAY_MS } from './limits.ts'
import { openSendHistory } from './send-history.ts'

const start = Date.UTC(2024, 0, 1)

describe('the history of a number', () => {
  test('begins when it was linked, and keeps that instant', async () => {
    const store = new MemoryCredentials()
    await openSendHistory(store, start)
    expect((await openSendHistory(store, start + 5_000)).linkedAtMs).toBe(start)
  })

  test('[P10] the next owner finds every send of the last day in order, and nothing older', async () => {
    const store = new MemoryCredentials()
    const first = await openSendHistory(store, start)
    for (let n = 0; n < 1_000; n += 1)
      await first.record({ atMs: start + n, toNewContact: n % 3 === 0 }, `98912${n}`)
    const second = await openSendHistory(store, start + 1_000)
    for (let n = 1_000; n < 1_500; n += 1)
      await second.record({ atMs: start + n, toNewContact: false }, '98912')
    const third = await openSendHistory(store, start + 2_000)
    expect(third.sends.map(({ atMs }) => atMs - start)).toEqual([...Array(1_500).keys()])
    expect(third.sends.filter(({ toNewContact }) => toNewContact)).toHaveLength(334)
    expect((await openSendHistory(store, start + DAY_MS + 1_499)).sends).toEqual([])
  })

  test('the ring holds more than a day of any preset, and the oldest make way', async () => {
    const store = new MemoryCredentials()
    const history = await openSendHistory(store, start)
    for (let n = 0; n < 10_000; n += 1)
      await history.record({ atMs: start + n, toNewContact: false }, '98912')
    const { sends } = await openSendHistory(store, start + 10_000)
    expect(sends.length).toBeGreaterThanOrEqual(8_100)
    expect(sends.at(-1)).toEqual({ atMs: start + 9_999, toNewContact: false })
  })

  test('[P5] a contact is new until it was written to', async () => {
    const store = new MemoryCredentials()
    const history = await openSendHistory(store, start)
    expect(await history.isNewContact('989121112233')).toBe(true)
    await history.record({ atMs: start, toNewContact: true }, '989121112233')
    expect(await history.isNewContact('989121112233')).toBe(false)
    expect(await (await openSendHistory(store, start)).isNewContact('989121112233')).toBe(false)
  })
})
