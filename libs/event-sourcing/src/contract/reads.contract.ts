import { beforeAll, describe, expect, test } from '@jest/globals'

import { StreamNotFound } from '../event-store-errors.ts'
import type { ReadOptions, RecordedEvent } from '../event-store.ts'
import { collect, idsOf, newEvent, newEvents, newName, type ContractContext } from './contract-context.ts'

export const readContract = ({ store }: ContractContext): void => {
  describe('[5] reading a stream', () => {
    const name = newName()
    const count = 600
    beforeAll(async () => {
      await store().append(name, newEvents(count), { expectedRevision: 'no-stream' })
    })

    const revisions = async (options?: ReadOptions) =>
      (await collect(store().readStream(name, options))).map(({ revision }) => Number(revision))

    test('[5] forwards, all of it', async () => {
      expect(await revisions()).toEqual(Array.from({ length: count }, (_, index) => index))
    })

    test('[5] backwards, all of it', async () => {
      const expected = Array.from({ length: count }, (_, index) => count - 1 - index)
      expect(await revisions({ direction: 'backwards' })).toEqual(expected)
    })

    test.each<[ReadOptions, number[]]>([
      [{ from: 3n, maxCount: 3 }, [3, 4, 5]],
      [{ from: 598n }, [598, 599]],
      [{ from: 600n }, []],
      [{ from: 5_000n }, []],
      [{ maxCount: 1 }, [0]],
      [{ from: 'end' }, []],
      [{ direction: 'backwards', from: 3n, maxCount: 2 }, [3, 2]],
      [{ direction: 'backwards', from: 1n }, [1, 0]],
      [{ direction: 'backwards', maxCount: 2 }, [599, 598]],
      [{ direction: 'backwards', from: 5_000n, maxCount: 2 }, [599, 598]],
      [{ direction: 'backwards', from: 'start' }, [0]],
    ])('[5] %o', async (options, expected) => {
      expect(await revisions(options)).toEqual(expected)
    })

    test('[5] a missing stream is told', async () => {
      const missing = newName('گمشده')
      const error: unknown = await collect(store().readStream(missing)).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(StreamNotFound)
      expect(error).toHaveProperty('streamName', missing)
      const backwards = store().readStream(missing, { direction: 'backwards', maxCount: 1 })
      await expect(collect(backwards)).rejects.toBeInstanceOf(StreamNotFound)
    })

    test('[5] may be left in the middle, many times', async () => {
      for (let round = 0; round < 50; round += 1) {
        for await (const event of store().readStream(name)) if (event.revision === 2n) break
      }
      expect(await revisions({ maxCount: 2 })).toEqual([0, 1])
    })

    test('[5] the head is the last event; a missing stream has none', async () => {
      const [last] = await collect(store().readStream(name, { direction: 'backwards', maxCount: 1 }))
      expect(await store().headOf(name)).toEqual({ revision: 599n, position: last?.position })
      expect(await store().headOf(newName())).toBeUndefined()
    })
  })

  describe('[6] reading everything', () => {
    const prefix = newName()
    const appended: string[] = []
    let ours: RecordedEvent[] = []
    beforeAll(async () => {
      for (let index = 0; index < 20; index += 1) {
        const event = newEvent({ index })
        appended.push(event.id)
        await store().append(`${prefix}-${index % 3}`, [event], { expectedRevision: 'any' })
      }
      const streams = [0, 1, 2].map((index) => collect(store().readStream(`${prefix}-${index}`)))
      ours = (await Promise.all(streams)).flat().sort((a, b) => Number(a.position - b.position))
    })

    const readOurs = async (options: ReadOptions) => {
      const events = await collect(store().readAll(options))
      return idsOf(events.filter(({ streamName }) => streamName.startsWith(prefix)))
    }

    test('[6] is in the order of commits, over all streams', () => {
      expect(idsOf(ours)).toEqual(appended)
      expect(new Set(ours.map(({ position }) => position)).size).toBe(20)
    })

    test('[6] forwards begins with the event at the position', async () => {
      expect(await readOurs({ from: ours[5]?.position ?? 0n })).toEqual(appended.slice(5))
    })

    test('[6] backwards begins before the event at the position', async () => {
      const options = { direction: 'backwards', from: ours[5]?.position ?? 0n, maxCount: 5 } as const
      expect(await readOurs(options)).toEqual(appended.slice(0, 5).reverse())
    })

    test('[6] backwards from the end, and forwards from the start, meet every event once', async () => {
      expect(await readOurs({})).toEqual(appended)
      expect(await readOurs({ direction: 'backwards' })).toEqual(appended.toReversed())
    })

    test('[6] tells the same of an event as its stream does', async () => {
      const [first] = await collect(store().readAll({ from: ours[0]?.position ?? 0n, maxCount: 1 }))
      expect(first).toEqual(ours[0])
    })
  })
}
