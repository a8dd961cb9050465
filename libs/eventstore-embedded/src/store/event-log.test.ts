import { randomUUID } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

import { EventLog } from './event-log.ts'
import type { Commit } from './event-log.ts'
import type { ExpectedRevision, NewEvent } from './types.ts'

let log: EventLog
let commits: Commit[]

beforeEach(() => {
  commits = []
  log = new EventLog({ file: ':memory:', onCommit: (commit) => commits.push(commit) })
})

afterEach(() => log.close())

const event = (id: string = randomUUID(), bytes = 1): NewEvent => ({
  id,
  type: 'Counted',
  isJson: true,
  data: new Uint8Array(bytes),
  metadata: new Uint8Array(),
})
const append = (stream: string, expected: ExpectedRevision, ...events: NewEvent[]) =>
  log.append({ stream, expected }, events)
const revisions = (stream: string) => log.read.streamKeysForwards(stream, 0, 100).map((key) => key.revision)

describe('group commit', () => {
  test('writes that come together share a transaction, in their order', async () => {
    const results = await Promise.all([
      append('a', 'any', event()),
      append('b', 'any', event()),
      append('a', 0, event()),
    ])
    expect(results).toEqual([
      { outcome: 'written', revision: 0, position: 1 },
      { outcome: 'written', revision: 0, position: 2 },
      { outcome: 'written', revision: 1, position: 3 },
    ])
    expect(commits).toMatchObject([{ writes: 3, events: 3 }])
  })

  test('a conflict does not touch the others of its transaction', async () => {
    const results = await Promise.all([
      append('a', 'any', event()),
      append('a', 'no_stream', event()),
      append('a', 0, event()),
    ])
    expect(results.map((result) => result.outcome)).toEqual(['written', 'wrong_revision', 'written'])
    expect(revisions('a')).toEqual([0, 1])
  })

  test('a transaction that fails is taken back whole, also from memory', async () => {
    const [first, failing] = [event(), { ...event(), data: undefined as unknown as Uint8Array }]
    const refused = await Promise.allSettled([append('a', 'any', first), append('a', 'any', failing)])
    expect(refused.map((result) => result.status)).toEqual(['rejected', 'rejected'])
    expect(log.head).toBe(0)
    expect(await append('a', 'any', first)).toEqual({ outcome: 'written', revision: 0, position: 1 })
  })

  test('a write that has not begun by its deadline is not done', async () => {
    const late = await log.append({ stream: 'a', expected: 'any', deadline: Date.now() - 1 }, [event()])
    expect(late).toEqual({ outcome: 'too_late' })
    expect(log.head).toBe(0)
  })
})

describe('a repeated append at any revision', () => {
  test('in the same transaction is one append', async () => {
    const repeated = event()
    const results = await Promise.all([append('a', 'any', repeated), append('a', 'any', repeated)])
    expect(results[1]).toEqual(results[0])
    expect(revisions('a')).toEqual([0])
  })

  test('is another one in another stream', async () => {
    const repeated = event()
    await append('a', 'any', repeated)
    expect(await append('b', 'any', repeated)).toMatchObject({ outcome: 'written', revision: 0, position: 2 })
  })
})

describe('reading', () => {
  test('answers for every position that was asked, also where nothing is left', async () => {
    await append('a', 'any', event(), event(), event())
    log.database.exec('delete from events where position = 2')
    const seen = [...log.read.events([3, 2, 1, 9])].map((found) => found?.position)
    expect(seen).toEqual([3, undefined, 1, undefined])
  })

  test('of large events holds few of them at a time', async () => {
    for (let n = 0; n < 10; n += 1) await append('a', 'any', event(randomUUID(), 200_000))
    const batch = log.read.events(Array.from({ length: 10 }, (_, index) => index + 1))
    expect(batch.next().value?.position).toBe(1)
    log.database.exec('delete from events where position = 3')
    expect([...batch].map((found) => found?.position)).toEqual([2, undefined, 4, 5, 6, 7, 8, 9, 10])
  })
})

describe('a tombstoned stream', () => {
  test('takes neither events nor metadata', async () => {
    await append('a', 'any', event())
    await log.tombstone({ stream: 'a', expected: 0 })
    expect(await append('a', 'any', event())).toEqual({ outcome: 'stream_deleted' })
    expect(await append('$$a', 'any', event())).toEqual({ outcome: 'stream_deleted' })
    expect(await log.softDelete({ stream: 'a', expected: 'any' })).toEqual({ outcome: 'stream_deleted' })
    expect(log.read.status('a')).toBe('tombstoned')
  })
})
