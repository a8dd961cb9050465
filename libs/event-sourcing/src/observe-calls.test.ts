import { expect, test } from '@jest/globals'

import type { EventStore, RecordedEvent } from './event-store.ts'
import { WrongRevision } from './event-store-errors.ts'
import { type EventStoreCall, observeCalls } from './observe-calls.ts'

const event = { id: '1', type: 'A' } as RecordedEvent
const never = () => Promise.reject(new Error('not asked in this test'))

const storeThat = (calls: Partial<EventStore>): EventStore => ({
  append: never,
  headOf: never,
  deleteStream: never,
  tombstoneStream: never,
  setStreamMetadata: never,
  health: never,
  close: never,
  readStream: async function* () {
    yield await Promise.resolve(event)
  },
  readAll: async function* () {
    yield* await Promise.resolve([])
  },
  subscribeToAll: async function* () {
    yield* await Promise.resolve([])
  },
  ...calls,
})

test('each call is told once, with its operation and what became of it', async () => {
  const calls: EventStoreCall[] = []
  const failure = new WrongRevision('campaign-1', { expected: 0n, actual: 1n })
  const store = observeCalls(storeThat({ append: () => Promise.reject(failure) }), (call) => calls.push(call))
  await expect(store.append('campaign-1', [], { expectedRevision: 0n })).rejects.toBe(failure)
  const read: RecordedEvent[] = []
  for await (const each of store.readStream('campaign-1')) read.push(each)
  for await (const each of store.readAll()) read.push(each)
  expect(read).toEqual([event])
  expect(calls.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
    'append WrongRevision',
    'readStream ok',
    'readAll ok',
  ])
})

test('a read that its reader leaves early is told too', async () => {
  const calls: EventStoreCall[] = []
  const store = observeCalls(storeThat({}), (call) => calls.push(call))
  for await (const each of store.readStream('a')) if (each === event) break
  expect(calls).toHaveLength(1)
})
