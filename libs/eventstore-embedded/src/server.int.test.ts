import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'

import { EventStoreDBClient, jsonEvent, START, streamNameFilter } from '@eventstore/db-client'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

import { spawnEventStore } from './spawn.ts'
import type { SpawnedEventStore } from './spawn.ts'

const event = (n: number) => jsonEvent({ id: randomUUID(), type: 'Counted', data: { n } })

describe('the server as its own process', () => {
  let dataDir: string
  let store: SpawnedEventStore
  let client: EventStoreDBClient

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'eventstore-'))
    store = await spawnEventStore({ dataDir })
    client = EventStoreDBClient.connectionString(store.url)
  })

  afterEach(async () => {
    await client.dispose()
    await store.stop()
    await rm(dataDir, { recursive: true })
  })

  test('keeps events over a restart', async () => {
    const written = await client.appendToStream('a-1', [event(1), event(2)], {
      expectedRevision: 'no_stream',
    })
    expect(written.nextExpectedRevision).toBe(1n)
    await client.dispose()
    await store.stop()
    store = await spawnEventStore({ dataDir })
    client = EventStoreDBClient.connectionString(store.url)
    const seen = []
    for await (const { event: read } of client.readStream('a-1')) seen.push(read?.data)
    expect(seen).toEqual([{ n: 1 }, { n: 2 }])
  })

  test('a filtered subscription goes from catch-up to live without a gap', async () => {
    for (let n = 0; n < 5; n += 1) {
      await client.appendToStream('a-1', event(n))
      await client.appendToStream('b-1', event(100 + n))
    }
    const filter = streamNameFilter({ prefixes: ['a-'] })
    const subscription = client.subscribeToAll({ fromPosition: START, filter })
    const seen: unknown[] = []
    for await (const { event: read } of subscription) {
      seen.push(read?.data)
      if (seen.length === 5) await client.appendToStream('a-2', event(5))
      if (seen.length === 6) break
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5].map((n) => ({ n })))
  })
})
