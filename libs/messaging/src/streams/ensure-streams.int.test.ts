import { afterAll, describe, expect, test } from '@jest/globals'

import { NoStream, StreamDrift, UnsafeCluster } from '../errors.ts'
import { askJetStream } from '../jetstream-api.ts'
import { FIRST_SAFE_CLUSTER, isAtLeast } from '../server-version.ts'
import { bucketDefinition, makeStream, streamDefinition, startNats } from '../test-support.ts'
import { applyStreams, ensureStreams, planStreams } from './ensure-streams.ts'
import { streamInfo } from './read-stream.ts'
import { formatPlan } from './stream-plan.ts'

const context = await startNats()
afterAll(() => context.stop())
const owner = { role: 'owner' } as const
const only = (...streams: ReturnType<typeof streamDefinition>[]) => ({
  streams,
  buckets: [],
  objectStores: [],
})

describe('ensureStreams', () => {
  test('the owner creates streams, buckets and object stores as defined, and a second time changes nothing', async () => {
    const { nats } = context
    const topology = {
      streams: [streamDefinition('A1', ['a1.>'], { retention: 'workqueue' })],
      buckets: [bucketDefinition('a1', { ttlMs: 15_000 })],
      objectStores: [
        { name: 'a1', description: '', ttlMs: 0, storage: 'file', maxBytes: 1e6, replicas: 1 } as const,
      ],
    }
    expect((await planStreams(nats, topology)).missing).toEqual(['A1', 'KV_a1', 'OBJ_a1'])
    await ensureStreams(nats, topology, owner)
    expect(await planStreams(nats, topology)).toEqual({ missing: [], differences: [] })
    const { epoch } = await streamInfo(nats, 'A1')
    await ensureStreams(nats, topology, owner)
    expect((await streamInfo(nats, 'A1')).epoch).toBe(epoch)
  })

  test('several owners may start at the same time', async () => {
    const topology = only(streamDefinition('A2', ['a2.>']))
    await Promise.all([1, 2, 3].map(() => ensureStreams(context.nats, topology, owner)))
    expect(await planStreams(context.nats, topology)).toEqual({ missing: [], differences: [] })
  })

  test.each([
    ['subjects', { subjects: ['other.>'] }],
    ['retention', { retention: 'workqueue' }],
    ['storage', { storage: 'memory' }],
    ['discard', { discard: 'old' }],
  ] as const)('%s that differ stop the start of everybody with a printed diff', async (field, change) => {
    const name = await makeStream(context.nats)
    const topology = only({ ...streamDefinition(name, [`${name}.>`]), ...change })
    for (const role of ['owner', 'verifier'] as const) {
      const error = await ensureStreams(context.nats, topology, { role, waitMs: 600 }).catch(
        (e: unknown) => e,
      )
      expect(error).toBeInstanceOf(StreamDrift)
      expect((error as StreamDrift).diff).toContain(`! ${name}.${field}: `)
    }
  })

  test('the owner widens, warns of what is narrower and leaves it to an operator', async () => {
    const { nats } = context
    const name = await makeStream(nats)
    const wider = streamDefinition(name, [`${name}.>`, `${name}x.>`], {
      maxBytes: 128e6,
      maxAgeMs: 60_000,
      duplicateWindowMs: 60_000,
    })
    const warnings: object[] = []
    const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => warnings.push(fields) }
    await ensureStreams(nats, only(wider), { ...owner, log })
    expect(warnings).toMatchObject([{ stream: name, field: 'maxAgeMs' }])
    const left = await planStreams(nats, only(wider))
    expect(formatPlan(left)).toBe(`? ${name}.maxAgeMs: 0 -> 60000000000`)
    await applyStreams(nats, only(wider))
    expect(await planStreams(nats, only(wider))).toEqual({ missing: [], differences: [] })
  })

  test('a verifier waits for the owner', async () => {
    const topology = only(streamDefinition('A5', ['a5.>']))
    const verified = ensureStreams(context.nats, topology, { role: 'verifier', waitMs: 10_000 })
    await ensureStreams(context.nats, topology, owner)
    await verified
  })

  test('a verifier whose streams never come is told which', async () => {
    const topology = only(streamDefinition('A6', ['a6.>']))
    const verified = ensureStreams(context.nats, topology, { role: 'verifier', waitMs: 300 })
    await expect(verified).rejects.toThrow(NoStream)
    await expect(verified).rejects.toThrow('A6')
  })

  test('replicas on servers whose fences can be passed twice are refused', async () => {
    const topology = only(streamDefinition('A8', ['a8.>'], { replicas: 3 }))
    const isOld = !isAtLeast(context.nats.serverVersion(), FIRST_SAFE_CLUSTER)
    for (const role of ['owner', 'verifier'] as const) {
      const started = ensureStreams(context.nats, topology, { role, waitMs: 300 })
      await expect(started).rejects.toThrow(isOld ? UnsafeCluster : Error)
    }
  })

  test('a stream made anew has another epoch', async () => {
    const name = await makeStream(context.nats)
    const before = await streamInfo(context.nats, name)
    await askJetStream(context.nats, `STREAM.DELETE.${name}`, undefined)
    await makeStream(context.nats, { name })
    expect((await streamInfo(context.nats, name)).epoch).not.toBe(before.epoch)
  })
})
