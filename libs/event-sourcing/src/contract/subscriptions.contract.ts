import { setTimeout as sleep } from 'node:timers/promises'

import { eventually } from '@peyk/testing'
import { describe, expect, test } from '@jest/globals'

import type { ExpectedRevision } from '../event-store.ts'
import {
  appendUntilAcknowledged,
  collect,
  idsOf,
  listen,
  type Listener,
  newEvent,
  newEvents,
  newName,
  type ContractContext,
} from './contract-context.ts'

export const subscriptionContract = ({ store, link }: ContractContext): void => {
  const append = (name: string, count: number) => {
    const events = newEvents(count)
    const appended = store().append(name, events, { expectedRevision: 'any' })
    return appended.then(({ position }) => ({ ids: idsOf(events), position }))
  }

  describe('[7] subscriptions', () => {
    test('[7] from the start: what was there, then caught up, then what comes', async () => {
      const prefix = newName()
      const before = await append(`${prefix}-1`, 5)
      await using listener = listen(store(), { streamPrefixes: [prefix] })
      await eventually(() => listener.messages.some(({ kind }) => kind === 'caughtUp'))
      const caughtUpAt = listener.messages.findIndex(({ kind }) => kind === 'caughtUp')
      const eventsBefore = listener.messages.slice(0, caughtUpAt).filter(({ kind }) => kind === 'event')
      expect(eventsBefore).toHaveLength(5)
      const live = await append(`${prefix}-2`, 3)
      await eventually(() => listener.events.length === 8)
      expect(idsOf(listener.events)).toEqual([...before.ids, ...live.ids])
    })

    test('[7] go on strictly after a position', async () => {
      const prefix = newName()
      await append(`${prefix}-1`, 3)
      const middle = await append(`${prefix}-1`, 1)
      const rest = await append(`${prefix}-2`, 3)
      await using listener = listen(store(), { streamPrefixes: [prefix], after: middle.position })
      await eventually(() => listener.events.length >= 3)
      expect(idsOf(listener.events)).toEqual(rest.ids)
    })

    test('[7] from the end: only what comes', async () => {
      const prefix = newName()
      await append(`${prefix}-1`, 3)
      await using listener = listen(store(), { streamPrefixes: [prefix], after: 'end' })
      await eventually(() => listener.messages.some(({ kind }) => kind === 'caughtUp'))
      const live = await append(`${prefix}-1`, 2)
      await eventually(() => listener.events.length >= 2)
      expect(idsOf(listener.events)).toEqual(live.ids)
    })

    test('[7] see a stream that did not exist, its tombstone does no harm, and they end when aborted', async () => {
      const prefix = newName()
      const listener = listen(store(), { streamPrefixes: [prefix] })
      await append(`${prefix}-gone`, 1)
      await eventually(() => listener.events.length === 1)
      await store().tombstoneStream(`${prefix}-gone`)
      await append(`${prefix}-here`, 1)
      await eventually(() => listener.events.some(({ streamName }) => streamName === `${prefix}-here`))
      await listener.stop()
      await append(`${prefix}-here`, 1)
      expect(listener.events.filter(({ streamName }) => streamName === `${prefix}-here`)).toHaveLength(1)
    })
  })

  describe('[8] filters and checkpoints', () => {
    test('[8] only the prefixes that were asked for, several at once', async () => {
      const [one, two, other] = [newName(), newName(), newName()]
      await using listener = listen(store(), { streamPrefixes: [`${one}-`, `${two}-`] })
      await append(`${other}-1`, 5)
      await append(`${one}x`, 5)
      await append(`x${one}-`, 5)
      const wanted = [await append(`${one}-1`, 2), await append(`${two}-1`, 2)]
      await eventually(() => listener.events.length >= 4)
      expect(idsOf(listener.events)).toEqual(wanted.flatMap(({ ids }) => ids))
    })

    test('[8] checkpoints come where nothing matches, and never before an event at or below them', async () => {
      const [prefix, other] = [newName(), newName()]
      const first = await append(`${prefix}-1`, 1)
      for (let round = 0; round < 3; round += 1) await append(`${other}-1`, 1_000)
      const last = await append(`${prefix}-1`, 1)
      await using listener = listen(store(), { streamPrefixes: [prefix], after: first.position - 1n })
      await eventually(() => listener.events.length >= 2)
      await append(`${other}-1`, 1_000)
      const isBetween = (position: bigint) => position > first.position && position < last.position
      await eventually(() =>
        listener.messages.some((message) => message.kind === 'checkpoint' && isBetween(message.position)),
      )
      const positions = listener.messages.flatMap((message) =>
        message.kind === 'event'
          ? [message.event.position]
          : message.kind === 'checkpoint'
            ? [message.position]
            : [],
      )
      expect(positions).toEqual(positions.toSorted((a, b) => Number(a - b)))
    })

    test('[8] going on from any message loses and doubles nothing', async () => {
      const [prefix, other] = [newName(), newName()]
      const begin = await append(`${prefix}-0`, 1)
      for (let round = 0; round < 6; round += 1) {
        await append(`${prefix}-${round}`, 3)
        await append(`${other}-1`, 700)
      }
      const seen: (string | undefined)[] = []
      let after: bigint | 'start' = begin.position
      while (seen.length < 18) {
        const controller = new AbortController()
        let left = 1 + (seen.length % 3)
        for await (const message of store().subscribeToAll({
          streamPrefixes: [prefix],
          after,
          signal: controller.signal,
        })) {
          if (message.kind === 'caughtUp') continue
          if (message.kind === 'event') seen.push(message.event.id)
          after = message.kind === 'event' ? message.event.position : message.position
          left -= 1
          if (left === 0) break
        }
        controller.abort()
      }
      const streams = await Promise.all(
        [0, 1, 2, 3, 4, 5].map((index) => collect(store().readStream(`${prefix}-${index}`))),
      )
      expect(seen).toEqual(idsOf(streams.flat()).slice(1))
    })

    test('[8] the border of old and new under concurrent writes loses and doubles nothing', async () => {
      const prefix = newName()
      const begin = await append(`${prefix}-0`, 1)
      const stop = new AbortController()
      const written: (string | undefined)[] = []
      const writers = [1, 2, 3, 4].map(async (writer) => {
        while (!stop.signal.aborted) written.push(...(await append(`${prefix}-${writer}`, 2)).ids)
      })
      const listeners: Listener[] = []
      for (let index = 0; index < 8; index += 1) {
        await sleep(15)
        listeners.push(listen(store(), { streamPrefixes: [prefix], after: begin.position }))
      }
      await eventually(() =>
        listeners.every(({ messages }) => messages.some(({ kind }) => kind === 'caughtUp')),
      )
      stop.abort()
      await Promise.all(writers)
      for (const listener of listeners) {
        await eventually(() => listener.events.length >= written.length, { what: 'all events' })
        expect(idsOf(listener.events).toSorted()).toEqual(written.toSorted())
        await listener.stop()
      }
    })

    test('[8] a slow reader gets everything, and holds nobody up', async () => {
      const prefix = newName()
      const begin = await append(`${prefix}-0`, 1)
      const slow = listen(store(), { streamPrefixes: [prefix], after: begin.position }, () => sleep(2))
      const text = 'x'.repeat(2_000)
      const appends = Array.from({ length: 10 }, () => Array.from({ length: 50 }, () => newEvent({ text })))
      const startedAt = performance.now()
      for (const events of appends) await store().append(`${prefix}-1`, events, { expectedRevision: 'any' })
      expect(performance.now() - startedAt).toBeLessThan(5_000)
      expect(slow.events.length).toBeLessThan(500)
      await eventually(() => slow.events.length >= 500, { deadlineMs: 20_000, what: 'the slow reader' })
      expect(idsOf(slow.events)).toEqual(idsOf(appends.flat()))
      await slow.stop()
    })

    test('[8] a subscription whose connection breaks again and again loses and doubles nothing', async () => {
      const prefix = newName()
      await using listener = listen(store(), { streamPrefixes: [prefix], after: 'end' })
      await eventually(() => listener.messages.some(({ kind }) => kind === 'caughtUp'))
      const written: (string | undefined)[] = []
      let expected: ExpectedRevision = 'no-stream'
      for (let round = 0; round < 8; round += 1) {
        const events = newEvents(20)
        expected = (await appendUntilAcknowledged(store(), `${prefix}-1`, events, expected)).revision
        written.push(...idsOf(events))
        link().cut()
      }
      await eventually(() => listener.events.length >= written.length, { what: 'all events' })
      expect(idsOf(listener.events)).toEqual(written)
    })
  })
}
