import { eventually } from '@peyk/testing'
import { describe, expect, test } from '@jest/globals'

import { StreamNotFound, StreamTombstoned, WrongRevision } from '../event-store-errors.ts'
import type { StreamMetadata } from '../event-store.ts'
import { collect, newEvent, newEvents, newName, type ContractContext } from './contract-context.ts'

export const streamContract = ({ store }: ContractContext): void => {
  const newStream = async (count: number) => {
    const name = newName()
    await store().append(name, newEvents(count), { expectedRevision: 'no-stream' })
    return name
  }
  const revisions = async (name: string) =>
    (await collect(store().readStream(name))).map(({ revision }) => Number(revision))

  describe('[9] delete, recreate, tombstone', () => {
    test('[9] a deleted stream is missing', async () => {
      const name = await newStream(3)
      await store().deleteStream(name)
      await expect(collect(store().readStream(name))).rejects.toBeInstanceOf(StreamNotFound)
      expect(await store().headOf(name)).toBeUndefined()
    })

    test.each(['any', 'no-stream', 2n] as const)(
      '[9] an append at %s begins it again, with the numbering going on',
      async (expectedRevision) => {
        const name = await newStream(3)
        await store().deleteStream(name)
        const appended = await store().append(name, [newEvent()], { expectedRevision })
        expect(appended.revision).toBe(3n)
        expect(await revisions(name)).toEqual([3])
      },
    )

    test('[9] a delete or tombstone at another revision is a conflict with its fields', async () => {
      const name = await newStream(3)
      for (const operation of ['deleteStream', 'tombstoneStream'] as const) {
        const removing = store()[operation](name, { expectedRevision: 1n })
        const error: unknown = await removing.catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(WrongRevision)
        expect(error).toMatchObject({ streamName: name, expected: 1n, actual: 2n })
      }
      expect(await revisions(name)).toEqual([0, 1, 2])
      await store().deleteStream(name, { expectedRevision: 2n })
      await expect(collect(store().readStream(name))).rejects.toBeInstanceOf(StreamNotFound)
    })

    test('[9] a tombstoned stream is gone for ever', async () => {
      const name = await newStream(3)
      await store().tombstoneStream(name, { expectedRevision: 2n })
      const trials = [
        () => collect(store().readStream(name)),
        () => store().headOf(name),
        () => store().append(name, [newEvent()], { expectedRevision: 'any' }),
        () => store().append(name, [newEvent()], { expectedRevision: 'no-stream' }),
        () => store().deleteStream(name),
        () => store().tombstoneStream(name),
      ]
      for (const trial of trials) {
        const error: unknown = await trial().catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(StreamTombstoned)
        expect(error).toHaveProperty('streamName', name)
      }
    })

    test('[9] names in every script can be deleted', async () => {
      const name = newName('حذف-')
      await store().append(name, newEvents(1), { expectedRevision: 'no-stream' })
      const wrong: unknown = await store()
        .deleteStream(name, { expectedRevision: 7n })
        .catch((reason: unknown) => reason)
      expect(wrong).toMatchObject({ name: 'WrongRevision', streamName: name })
      await store().deleteStream(name)
      expect(await store().headOf(name)).toBeUndefined()
    })
  })

  describe('[10] metadata', () => {
    const withMetadata = async (count: number, metadata: StreamMetadata) => {
      const name = await newStream(count)
      await store().setStreamMetadata(name, metadata)
      return name
    }

    test('[10] maxCount leaves the newest', async () => {
      const name = await withMetadata(5, { maxCount: 2 })
      expect(await revisions(name)).toEqual([3, 4])
      await store().append(name, [newEvent()], { expectedRevision: 4n })
      expect(await revisions(name)).toEqual([4, 5])
      expect(await store().headOf(name)).toMatchObject({ revision: 5n })
    })

    test('[10] maxCount may be set before the stream exists', async () => {
      const name = newName()
      await store().setStreamMetadata(name, { maxCount: 1 })
      await store().append(name, newEvents(2), { expectedRevision: 'no-stream' })
      await store().append(name, newEvents(1), { expectedRevision: 1n })
      expect(await revisions(name)).toEqual([2])
    })

    test('[10] truncateBefore leaves the later ones', async () => {
      const name = await withMetadata(5, { truncateBefore: 3 })
      expect(await revisions(name)).toEqual([3, 4])
      const backwards = await collect(store().readStream(name, { direction: 'backwards' }))
      expect(backwards.map(({ revision }) => revision)).toEqual([4n, 3n])
    })

    test('[10] maxAge leaves the younger ones', async () => {
      const name = await withMetadata(2, { maxAgeSeconds: 2 })
      expect(await revisions(name)).toEqual([0, 1])
      await eventually(async () => (await revisions(name)).length === 0, { what: 'the events to be too old' })
      await store().append(name, [newEvent()], { expectedRevision: 1n })
      expect(await revisions(name)).toEqual([2])
    })

    test('[10] the newest metadata counts', async () => {
      const name = await withMetadata(5, { maxCount: 1 })
      await store().setStreamMetadata(name, { maxCount: 3 })
      expect(await revisions(name)).toEqual([2, 3, 4])
    })
  })
}
