import { describe, expect, test } from '@jest/globals'

import { connectEventStore } from '../esdb/connect-event-store.ts'
import { AppendTooLarge, InvalidAppend, WrongRevision } from '../event-store-errors.ts'
import type { EventToAppend, ExpectedRevision } from '../event-store.ts'
import {
  appendUntilAcknowledged,
  collect,
  idsOf,
  newEvent,
  newEvents,
  newName,
  type ContractContext,
} from './contract-context.ts'

export const appendContract = ({ store, link }: ContractContext): void => {
  const stored = (streamName: string) => collect(store().readStream(streamName))
  const append = (
    streamName: string,
    events: readonly EventToAppend[],
    expectedRevision: ExpectedRevision = 'any',
  ) => store().append(streamName, events, { expectedRevision })

  describe('[1] expected revisions', () => {
    test.each(['any', 'no-stream'] as const)('[1] %s: a missing stream begins at 0', async (expected) => {
      await expect(append(newName(), [newEvent()], expected)).resolves.toMatchObject({ revision: 0n })
    })

    test.each(['any', 'stream-exists', 1n] as const)('[1] %s: a stream at 1 goes on', async (expected) => {
      const name = newName()
      await append(name, newEvents(2))
      await expect(append(name, newEvents(2), expected)).resolves.toMatchObject({ revision: 3n })
    })

    test.each(['no-stream', 0n, 2n, 1_000_000n] as const)(
      '[1] %s: a stream at 1 is a conflict with its fields, and keeps what it has',
      async (expected) => {
        const name = newName()
        await append(name, newEvents(2))
        const error: unknown = await append(name, newEvents(2), expected).catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(WrongRevision)
        expect(error).toMatchObject({ streamName: name, expected, actual: 1n })
        expect(await stored(name)).toHaveLength(2)
      },
    )

    test.each(['stream-exists', 0n, 5n] as const)(
      '[1] %s: a missing stream is a conflict, and stays missing',
      async (expected) => {
        const name = newName()
        const error: unknown = await append(name, [newEvent()], expected).catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(WrongRevision)
        expect(error).toMatchObject({ streamName: name, expected, actual: 'no-stream' })
        expect(await store().headOf(name)).toBeUndefined()
      },
    )

    test.each(['no-stream', 0n] as const)('[1] %s: a race has one winner', async (expected) => {
      const name = newName()
      if (expected !== 'no-stream') await append(name, [newEvent()])
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, () => append(name, [newEvent()], expected)),
      )
      const losers = results.filter(({ status }) => status === 'rejected')
      expect(losers).toHaveLength(19)
      for (const loser of losers) expect(loser).toMatchObject({ reason: expect.any(WrongRevision) })
      expect(await stored(name)).toHaveLength(expected === 'no-stream' ? 1 : 2)
    })
  })

  describe('[2] batches', () => {
    test('[2] are kept in order, and the answer names the last event', async () => {
      const name = newName()
      const events = newEvents(25)
      const head = await append(name, events, 'no-stream')
      const recorded = await stored(name)
      expect(idsOf(recorded)).toEqual(idsOf(events))
      expect(recorded.map(({ revision }) => revision)).toEqual(events.map((_, index) => BigInt(index)))
      expect(head).toEqual({ revision: 24n, position: recorded.at(-1)?.position })
    })

    test('[2] of 2,000 events are whole', async () => {
      const name = newName()
      const events = newEvents(2_000)
      await expect(append(name, events, 'no-stream')).resolves.toMatchObject({ revision: 1_999n })
      expect(idsOf(await stored(name))).toEqual(idsOf(events))
    })

    test('[2] do not mix with those of others', async () => {
      const name = newName()
      const batches = Array.from({ length: 10 }, (_, batch) =>
        newEvents(30).map((event) => ({ ...event, data: { batch } })),
      )
      await Promise.all(batches.map((batch) => append(name, batch)))
      const order = (await stored(name)).map(({ data }) => (data as { batch: number }).batch)
      const changes = order.filter((batch, index) => batch !== order[index - 1])
      expect(order).toHaveLength(300)
      expect(changes).toHaveLength(10)
    })
  })

  describe('[3] the same append again', () => {
    test.each(['no-stream', 1n] as const)('[3] at %s is the first one again', async (expected) => {
      const name = newName()
      if (expected === 1n) await append(name, newEvents(2))
      const events = newEvents(3)
      const first = await append(name, events, expected)
      expect(await append(name, events, expected)).toEqual(first)
      await append(name, newEvents(1), first.revision)
      await expect(append(name, events, expected)).resolves.toMatchObject({ revision: first.revision })
      expect(await stored(name)).toHaveLength(Number(first.revision) + 2)
    })

    test('[3] but only partly is a conflict', async () => {
      const name = newName()
      const events = newEvents(2)
      await append(name, events, 'no-stream')
      await expect(append(name, [...events, newEvent()], 'no-stream')).rejects.toBeInstanceOf(WrongRevision)
      await expect(append(name, [newEvent(), ...events], 'no-stream')).rejects.toBeInstanceOf(WrongRevision)
      expect(await stored(name)).toHaveLength(2)
    })

    test('[3] after a lost answer is one event', async () => {
      const name = newName()
      const events = newEvents(2)
      link().loseAnswers()
      const appending = appendUntilAcknowledged(store(), name, events, 'no-stream')
      const healing = setTimeout(() => link().heal(), 300)
      await expect(appending).resolves.toMatchObject({ revision: 1n })
      clearTimeout(healing)
      expect(idsOf(await stored(name))).toEqual(idsOf(events))
    })

    test('[3] by many callers whose connection breaks again and again is one event each', async () => {
      const names = Array.from({ length: 32 }, () => newName())
      let acknowledged = 0
      await Promise.all(
        names.map(async (name) => {
          let expected: ExpectedRevision = 'no-stream'
          for (let count = 0; count < 10; count += 1) {
            const events = [newEvent({ count })]
            expected = (await appendUntilAcknowledged(store(), name, events, expected)).revision
            acknowledged += 1
            // By progress, not by the clock: a slow machine is cut as often as a fast one. Not after the last one.
            if (acknowledged % 20 === 10) link().cut()
          }
        }),
      )
      for (const name of names) {
        const counts = (await stored(name)).map(({ data }) => (data as { count: number }).count)
        expect(counts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      }
    })
  })

  describe('[4] content', () => {
    test('[4] text of every script comes back, in names, types, data and metadata', async () => {
      const name = newName('کمپین‌ها-é😀-')
      const event = {
        ...newEvent({ متن: 'سلام {نام} 👋🏽', nested: [1.5, null, { deep: true }], nul: '\u0000' }, 'نوع'),
        metadata: { tenant: 'شرکت', occurredAt: '2024-01-01T10:00:00.000Z' },
      }
      await append(name, [event], 'no-stream')
      expect(await stored(name)).toMatchObject([{ ...event, streamName: name, revision: 0n }])
    })

    test('[4] bytes come back as they were', async () => {
      const name = newName()
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
      await append(name, [{ ...newEvent(), data: bytes }], 'no-stream')
      const [recorded] = await stored(name)
      expect(Buffer.from(recorded?.data as Uint8Array)).toEqual(Buffer.from(bytes))
      expect(recorded?.metadata).toHaveProperty('commandId')
    })

    test('[4] ids are those that were given', async () => {
      const name = newName()
      const event = newEvent()
      await append(name, [event], 'no-stream')
      expect((await stored(name))[0]?.id).toBe(event.id)
    })

    test('[4] 512 KiB fit', async () => {
      const name = newName()
      const text = 'x'.repeat(512 * 1024)
      await append(name, [newEvent({ text })], 'no-stream')
      expect((await stored(name))[0]?.data).toEqual({ text })
    })

    test('[4] too much is refused with the limit, and others go on', async () => {
      const name = newName()
      const tooMuch = append(name, [newEvent('x'.repeat(1024 * 1024))])
      await expect(tooMuch).rejects.toBeInstanceOf(AppendTooLarge)
      await expect(tooMuch).rejects.toHaveProperty('maxBytes', 1024 * 1024)
      await expect(append(name, [newEvent()], 'no-stream')).resolves.toMatchObject({ revision: 0n })
    })

    test.each([
      ['no events', []],
      ['an id that is no UUID', [{ ...newEvent(), id: 'first' }]],
      ['a bigint', [newEvent({ amount: 1n })]],
      ['undefined', [{ ...newEvent(), data: undefined }]],
    ])('[4] %s is refused before it is sent', async (_, events) => {
      await expect(append(newName(), events)).rejects.toBeInstanceOf(InvalidAppend)
    })
  })

  test('one connection a process: a second one is refused', () => {
    expect(() => connectEventStore(link().url)).toThrow('this process has an event store open')
  })
}
