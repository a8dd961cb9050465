import { afterAll, describe, expect, test } from '@jest/globals'

import { type BucketChange, openBucket } from './bucket.ts'
import { InvalidKey, WrongLastSequence } from './errors.ts'
import { askJetStream } from './jetstream-api.ts'
import { eventually, makeBucket, startNats } from './test-support.ts'

const context = await startNats()
afterAll(() => context.stop())

const bucket = async (fields = {}) => openBucket(context.nats, await makeBucket(context.nats, fields))

describe('a bucket', () => {
  test('gets what was put, with its revision; nothing for what is not there or was deleted', async () => {
    const store = await bucket()
    expect(await store.get('t.1')).toBeUndefined()
    const revision = await store.put('t.1', { a: 'ب' })
    const entry = await store.get('t.1')
    expect([entry?.json(), entry?.revision]).toEqual([{ a: 'ب' }, revision])
    await store.delete('t.1')
    expect(await store.get('t.1')).toBeUndefined()
    await store.delete('never-there')
    await store.purge('t.1')
    expect(await store.get('t.1')).toBeUndefined()
  })

  test('of twenty who create one wins; after a deletion it can be created again', async () => {
    const store = await bucket()
    const tries = Array.from({ length: 20 }, (_, n) => store.create('k', { n }))
    const results = await Promise.allSettled(tries)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await store.delete('k')
    await store.create('k', {})
    await expect(store.create('k', {})).rejects.toThrow(WrongLastSequence)
  })

  test('an update or a deletion of another revision is refused', async () => {
    const store = await bucket()
    const first = await store.put('k', { n: 1 })
    const second = await store.update('k', { n: 2 }, first)
    await expect(store.update('k', { n: 3 }, first)).rejects.toThrow(WrongLastSequence)
    await expect(store.delete('k', { revision: first })).rejects.toThrow(WrongLastSequence)
    await store.delete('k', { revision: second })
  })

  test('keys and entries by pattern, without what was deleted', async () => {
    const store = await bucket()
    for (const key of ['a.1', 'a.2', 'b.1', 'a-b.1']) await store.put(key, { key })
    await store.delete('a.2')
    expect([...(await store.keys())].sort()).toEqual(['a-b.1', 'a.1', 'b.1'])
    expect(await store.keys('a.*')).toEqual(['a.1'])
    expect(await store.keys('c.>')).toEqual([])
    expect((await store.entries('b.>')).map((entry) => entry.json())).toEqual([{ key: 'b.1' }])
  })

  test.each(['', '*', '>', 'a.*', 'a b', '.a', 'a.', 'a..b', 'سلام'])('refuses %j as a key', async (key) => {
    await expect((await bucket()).put(key, {})).rejects.toThrow(InvalidKey)
  })

  test('an entry is gone after its time', async () => {
    const store = await bucket({ ttlMs: 1_000 })
    await store.put('k', {})
    await eventually(async () => (await store.get('k')) === undefined, 'the entry to expire')
    await store.create('k', {})
  })

  test('a watch sees what is there and every change, through a kill of the server', async () => {
    const store = await bucket({ storage: 'file' })
    const seen: string[] = []
    const end = new AbortController()
    await store.put('a.1', { n: 1 })
    await store.put('a.1', { n: 2 })
    await store.put('b.1', { n: 9 })
    const onChange = (change: BucketChange) =>
      void seen.push(
        `${change.key} ${change.value === undefined ? 'deleted' : JSON.stringify(change.json())}`,
      )
    const feed = store.watch({ pattern: 'a.>', onChange, signal: end.signal })
    await feed.caughtUp
    expect(seen).toEqual(['a.1 {"n":2}'])
    await store.delete('a.1')
    await context.server.kill()
    await context.server.restart()
    await context.nats.whenConnected(5_000)
    await store.put('a.2', { n: 3 })
    await eventually(() => seen.length === 3, 'the later changes')
    expect(seen.slice(1)).toEqual(['a.1 deleted', 'a.2 {"n":3}'])
    end.abort()
    await feed.ended
  })

  test('a bucket made anew is told, then read from its beginning', async () => {
    const name = await makeBucket(context.nats)
    const store = openBucket(context.nats, name)
    await store.put('old', {})
    const seen: string[] = []
    const end = new AbortController()
    const feed = store.watch({
      onChange: ({ key }) => void seen.push(key),
      onEpochChange: ({ kind }) => void seen.push(kind),
      signal: end.signal,
    })
    await feed.caughtUp
    await askJetStream(context.nats, `STREAM.DELETE.KV_${name}`, undefined)
    await makeBucket(context.nats, { name })
    await store.put('new', {})
    await eventually(() => seen.length === 3, 'the new bucket')
    expect(seen).toEqual(['old', 'recreated', 'new'])
    end.abort()
    await feed.ended
  })
})
