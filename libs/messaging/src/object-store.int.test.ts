import { createHash, randomBytes } from 'node:crypto'

import { afterAll, describe, expect, test } from '@jest/globals'
import { connect } from 'nats'

import { ObjectDamaged, ObjectTooLarge, StreamFull } from './errors.ts'
import { openObjectStore } from './object-store.ts'
import { ensureStreams } from './streams/ensure-streams.ts'
import { purgeSubject, readSubjects, streamInfo } from './streams/read-stream.ts'
import { startNats } from './test-support.ts'

const context = await startNats()
afterAll(() => context.stop())

async function store(name: string, maxBytes = 64e6) {
  const definition = { name, description: '', ttlMs: 0, storage: 'file', maxBytes, replicas: 1 } as const
  await ensureStreams(
    context.nats,
    { streams: [], buckets: [], objectStores: [definition] },
    { role: 'owner' },
  )
  return openObjectStore(context.nats, name)
}

async function* parts(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}

async function read(content: AsyncIterable<Uint8Array> | undefined) {
  const chunks: Uint8Array[] = []
  for await (const chunk of content ?? []) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('an object store', () => {
  test.each([0, 1, 128 * 1024, 1_000_003])('gives back %i bytes as they were', async (size) => {
    const files = await store('files')
    const bytes = randomBytes(size)
    const name = `عکس ${size}.png`
    const info = await files.put(name, parts(bytes, 60_000), { metadata: { type: 'image/png' } })
    expect(info).toMatchObject({ name, size, sha256: createHash('sha256').update(bytes).digest('hex') })
    const stored = await files.get(name)
    expect(stored?.info).toEqual(info)
    expect((await read(stored?.content)).equals(bytes)).toBe(true)
  })

  test('NATS own client reads it, so its tools do too', async () => {
    const files = await store('files')
    const bytes = randomBytes(300_000)
    await files.put('shared', parts(bytes, 300_000))
    const connection = await connect({ servers: context.server.url })
    const theirs = await (await connection.jetstream().views.os('files')).getBlob('shared')
    expect(Buffer.from(theirs ?? []).equals(bytes)).toBe(true)
    await connection.close()
  })

  test('a second put replaces the first, and its chunks go; a deletion leaves nothing', async () => {
    const files = await store('again')
    await files.put('a', parts(randomBytes(300_000), 1e6))
    await files.put('a', parts(Buffer.from('new'), 10))
    expect(await files.names()).toEqual(['a'])
    expect((await read((await files.get('a'))?.content)).toString()).toBe('new')
    expect((await readSubjects(context.nats, 'OBJ_again')).size).toBe(2)
    await files.delete('a')
    await files.delete('a')
    expect(await files.get('a')).toBeUndefined()
    expect((await streamInfo(context.nats, 'OBJ_again')).messages).toBe(0)
  })

  test('too much is refused, the object before stays, nothing is left over', async () => {
    const files = await store('limits', 1e6)
    await files.put('a', parts(Buffer.from('old'), 10))
    await expect(files.put('a', parts(randomBytes(500_000), 1e5), { maxBytes: 4e5 })).rejects.toThrow(
      ObjectTooLarge,
    )
    await expect(files.put('a', parts(randomBytes(2_000_000), 1e5))).rejects.toThrow(StreamFull)
    expect((await read((await files.get('a'))?.content)).toString()).toBe('old')
    expect((await streamInfo(context.nats, 'OBJ_limits')).messages).toBe(2)
  })

  test('an object that lost a chunk is an error, never half an object', async () => {
    const files = await store('damaged')
    await files.put('a', parts(randomBytes(500_000), 1e5))
    const [chunks = ''] = (await readSubjects(context.nats, 'OBJ_damaged', '$O.damaged.C.>')).keys()
    await purgeSubject(context.nats, 'OBJ_damaged', chunks, { keep: 2 })
    await expect(read((await files.get('a'))?.content)).rejects.toThrow(ObjectDamaged)
  })
})
