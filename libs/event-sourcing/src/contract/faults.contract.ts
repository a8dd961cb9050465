import { eventually } from '@peyk/testing'
import { describe, expect, test } from '@jest/globals'

import { EventStoreUnavailable } from '../event-store-errors.ts'
import type { ExpectedRevision } from '../event-store.ts'
import {
  appendUntilAcknowledged,
  collect,
  idsOf,
  listen,
  newEvent,
  newEvents,
  newName,
  type ContractContext,
} from './contract-context.ts'

export const faultContract = ({ store, link, server, ...abilities }: ContractContext): void => {
  const append = (name: string, count = 1) =>
    store().append(name, newEvents(count), { expectedRevision: 'any' })

  describe('[11] faults', () => {
    test('[11] a server that does not answer: our timeout fires, and all goes on after', async () => {
      const name = newName()
      await append(name)
      link().freeze()
      const startedAt = performance.now()
      const trials = [append(name), collect(store().readStream(name)), store().health(), store().headOf(name)]
      for (const trial of await Promise.allSettled(trials)) {
        expect(trial).toMatchObject({ reason: expect.any(EventStoreUnavailable) })
      }
      expect(performance.now() - startedAt).toBeLessThan(5_000)
      link().heal()
      await eventually(() =>
        store()
          .health()
          .then(() => true),
      )
      await append(name)
    })

    test('[11] a caller that gave up may try again with the same ids', async () => {
      const name = newName()
      const event = newEvent()
      link().loseAnswers()
      const first = store().append(name, [event], { expectedRevision: 'no-stream' })
      await expect(first).rejects.toBeInstanceOf(EventStoreUnavailable)
      link().heal()
      const again = await store().append(name, [event], { expectedRevision: 'no-stream' })
      expect(again.revision).toBe(0n)
      expect(idsOf(await collect(store().readStream(name)))).toEqual([event.id])
    })

    test('[11] large appends that a stalled connection holds up, and loses, are there in the end', async () => {
      const names = Array.from({ length: 64 }, () => newName())
      const event = newEvent({ text: 'x'.repeat(250 * 1024) })
      link().freeze()
      const appending = names.map((name) => appendUntilAcknowledged(store(), name, [event], 'no-stream'))
      const healing = setTimeout(() => link().heal(), 300)
      await Promise.all(appending)
      clearTimeout(healing)
      for (const name of names) expect(await store().headOf(name)).toMatchObject({ revision: 0n })
    })

    const whenOurs = abilities.canStop ? test : test.skip
    whenOurs.each(['restart', 'kill'] as const)(
      '[11] %s: nothing acknowledged is lost, subscriptions go on',
      async (how) => {
        const prefix = newName()
        await using listener = listen(store(), { streamPrefixes: [prefix], after: 'end' })
        await eventually(() => listener.messages.some(({ kind }) => kind === 'caughtUp'))
        const acknowledged: string[] = []
        const stop = new AbortController()
        const writers = Array.from({ length: 8 }, async (_, writer) => {
          let expected: ExpectedRevision = 'no-stream'
          while (!stop.signal.aborted) {
            const event = newEvent()
            expected = (await appendUntilAcknowledged(store(), `${prefix}-${writer}`, [event], expected))
              .revision
            acknowledged.push(event.id)
          }
        })
        await eventually(() => acknowledged.length > 50)
        await server()[how]()
        const before = acknowledged.length
        await eventually(() => acknowledged.length > before + 50)
        stop.abort()
        await Promise.all(writers)
        await eventually(() => listener.events.length >= acknowledged.length, { what: 'all events' })
        expect(idsOf(listener.events).toSorted()).toEqual(acknowledged.toSorted())
      },
    )
  })

  describe('[12] with user and password', () => {
    const when = abilities.hasCredentials ? test : test.skip
    when('[12] every request carries them', async () => {
      const name = newName()
      await append(name)
      await store().setStreamMetadata(name, { maxCount: 1 })
      expect(await collect(store().readStream(name))).toHaveLength(1)
      await store().deleteStream(name)
    })
  })
}
