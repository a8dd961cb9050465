import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { jsonEvent } from '@eventstore/db-client'
import type { EventStoreDBClient } from '@eventstore/db-client'
import { describe, expect, test } from '@jest/globals'
import { eventually, temporaryFolder } from '@peyk/testing'

import { spawnEventStore } from './spawn.ts'
import { startEventStoreServer } from './start.ts'
import { connect, counted, countsOf } from './testing/client.ts'

const SECRET = 'a-phone-number-that-has-to-go'

/** An event that carries the secret in its data, its metadata and its type. */
const secret = (n: number) =>
  jsonEvent({
    type: `Kept-${SECRET}`,
    data: { n, phone: `${SECRET}-${n}`, padding: 'x'.repeat(n % 3_000) },
    metadata: { phone: SECRET },
  })

/** How often the secret stands in any file of the directory. */
function traces(directory: string): number {
  const files = readdirSync(directory).map((file) => readFileSync(join(directory, file)).toString('latin1'))
  return files.reduce((count, text) => count + text.split(SECRET).length - 1, 0)
}

async function runCommand(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  expect(await once(child, 'exit')).toEqual([0, null])
}

/** Streams that lose their events in each way that there is, mixed with ones that keep them. */
async function writeAndDelete(client: EventStoreDBClient): Promise<void> {
  for (let round = 0; round < 30; round += 1) {
    const events = Array.from({ length: 20 }, (_, index) => secret(round * 20 + index))
    for (const stream of ['deleted', 'tombstoned', 'truncated', 'short', 'old']) {
      await client.appendToStream(stream, events)
      await client.appendToStream('kept', counted(round))
    }
  }
  await client.deleteStream('deleted')
  await client.tombstoneStream('tombstoned')
  await client.setStreamMetadata('truncated', { truncateBefore: 600 })
  await client.appendToStream('short', counted(1))
  await client.setStreamMetadata('short', { maxCount: 1, [SECRET]: 'in an older version of the metadata' })
  await client.setStreamMetadata('short', { maxCount: 1 })
  await client.setStreamMetadata('old', { maxAge: 1 })
}

describe('a scavenge', () => {
  test('beside a running server leaves not a byte of what was deleted', async () => {
    await using folder = await temporaryFolder()
    const store = await spawnEventStore({ dataDir: folder.path })
    try {
      await using connection = connect(store.url)
      const { client } = connection
      await writeAndDelete(client)
      expect(traces(folder.path)).toBeGreaterThan(1_000)
      const before = statSync(join(folder.path, 'events.db')).size
      await eventually(async () => (await countsOf(client.readStream('old'))).length === 0)
      await runCommand('scavenge', '--data', folder.path)
      expect(traces(folder.path)).toBe(0)
      expect(statSync(join(folder.path, 'events.db')).size).toBeLessThan(before / 5)
      expect(await countsOf(client.readStream('kept'))).toHaveLength(150)
      expect(await countsOf(client.readStream('short'))).toEqual([1])
      const again = await client.appendToStream('deleted', counted(1))
      expect(again.nextExpectedRevision).toBe(600n)
    } finally {
      await store.stop()
    }
  })

  test('runs by itself, and positions are not given twice after it', async () => {
    await using folder = await temporaryFolder()
    const options = { dataDir: folder.path, scavengeEveryMs: 50 }
    let server = await startEventStoreServer(options)
    let last: bigint | undefined
    {
      await using connection = connect(server.url)
      await connection.client.appendToStream('kept', counted(1))
      const written = await connection.client.appendToStream('gone', [secret(1), secret(2)])
      last = written.position?.commit
      await connection.client.setStreamMetadata('gone', { truncateBefore: 2 })
      await connection.client.tombstoneStream('gone')
      await eventually(() => traces(folder.path) === 0)
    }
    await server.close()
    server = await startEventStoreServer(options)
    try {
      await using connection = connect(server.url)
      const written = await connection.client.appendToStream('kept', counted(2))
      expect(written.position?.commit).toBeGreaterThan(last ?? 0n)
      expect(await countsOf(connection.client.readStream('kept'))).toEqual([1, 2])
    } finally {
      await server.close()
    }
  })
})

describe('a backup', () => {
  test('taken under writers is whole, and a server runs on it', async () => {
    await using folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const store = await spawnEventStore({ dataDir })
    await using copied = await temporaryFolder()
    const target = join(copied.path, 'events.db')
    try {
      await using connection = connect(store.url)
      const { client } = connection
      let acknowledged = 0
      let isDone = false
      const write = async () => {
        for (; !isDone; acknowledged += 1) await client.appendToStream('a', counted(acknowledged))
      }
      const writing = write()
      await eventually(() => acknowledged > 50)
      const atLeast = acknowledged
      await runCommand('backup', '--data', dataDir, '--to', target)
      isDone = true
      await writing
      const copy = await startEventStoreServer({ dataDir: copied.path })
      await using copyConnection = connect(copy.url)
      const counts = await countsOf(copyConnection.client.readStream('a'))
      expect(counts).toEqual(counts.map((_, index) => index))
      expect(counts.length).toBeGreaterThanOrEqual(atLeast)
      await copy.close()
    } finally {
      await store.stop()
    }
  })
})
