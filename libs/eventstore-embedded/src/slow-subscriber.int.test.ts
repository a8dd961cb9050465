import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

import { jsonEvent, START } from '@eventstore/db-client'
import type { EventStoreDBClient } from '@eventstore/db-client'
import { expect, test } from '@jest/globals'
import { temporaryFolder } from '@peyk/testing'

import { spawnEventStore } from './spawn.ts'
import { connect, countsOf } from './testing/client.ts'

const BATCHES = 40
const BATCH = 100

/** 4,000 events of 4 KB: for five readers far more than the server may hold. */
async function write(client: EventStoreDBClient): Promise<void> {
  const padding = 'x'.repeat(4_000)
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const events = Array.from({ length: BATCH }, (_, index) =>
      jsonEvent({ id: randomUUID(), type: 'Counted', data: { n: batch * BATCH + index, padding } }),
    )
    await client.appendToStream('a', events)
  }
}

function residentMegabytes(pid: number): number {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

test('readers that do not read cost the server no memory and hold nobody up', async () => {
  await using folder = await temporaryFolder()
  const store = await spawnEventStore({ dataDir: folder.path })
  try {
    await using connection = connect(store.url)
    const { client } = connection
    await write(client)
    const before = residentMegabytes(store.pid)
    await using slow = connect(store.url)
    const subscriptions = Array.from({ length: 5 }, () => slow.client.subscribeToAll({ fromPosition: START }))
    const readers = subscriptions.map((subscription) => subscription[Symbol.asyncIterator]())
    for (const reader of readers) await reader.next()
    await write(client)
    await wait(200)
    expect(residentMegabytes(store.pid) - before).toBeLessThan(40)
    const counts = await countsOf(client.subscribeToStream('a'), 2 * BATCHES * BATCH)
    expect(counts).toHaveLength(2 * BATCHES * BATCH)
    const [reader] = readers
    let seen = 1
    while (seen < 2 * BATCHES * BATCH && (await reader?.next())?.done === false) seen += 1
    expect(seen).toBe(2 * BATCHES * BATCH)
    await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()))
  } finally {
    await store.stop()
  }
}, 60_000)
