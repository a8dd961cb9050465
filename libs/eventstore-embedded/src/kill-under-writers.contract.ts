import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { expect } from '@jest/globals'
import { temporaryFolder } from '@peyk/testing'

import { spawnEventStore } from './spawn.ts'
import type { SpawnedEventStore } from './spawn.ts'
import { countsOf } from './testing/client.ts'

type Plan = Readonly<{ rounds: number; writers: number; writeMs: number }>

/** A writer's stream, and how many of its events were acknowledged. */
type Writer = { readonly stream: string; acknowledged: number }

/**
 * Kills the server under its writers, again and again, and looks after each time: every acknowledged event is
 * there, in its place, once; no stream has a gap. A writer sends what was not acknowledged again, with the same id
 * at the same revision, so what was written but not acknowledged must not appear twice.
 */
export async function killUnderWriters({ rounds, writers, writeMs }: Plan): Promise<number> {
  await using folder = await temporaryFolder('eventstore-killed-')
  const all: Writer[] = Array.from({ length: writers }, (_, index) => ({
    stream: `w-${index}`,
    acknowledged: 0,
  }))
  for (let round = 0; round < rounds; round += 1) {
    const store = await spawnEventStore({ dataDir: folder.path })
    await killWhile(store, all, writeMs)
  }
  const store = await spawnEventStore({ dataDir: folder.path })
  const client = EventStoreDBClient.connectionString(store.url)
  try {
    for (const writer of all) {
      await append(client, writer)
      const counts = await countsOf(client.readStream(writer.stream))
      expect(counts).toEqual(Array.from({ length: writer.acknowledged }, (_, index) => index))
    }
    const positions = []
    for await (const { event } of client.readAll()) positions.push(event?.position.commit)
    expect(positions).toEqual(positions.map((_, index) => BigInt(index + 1)))
    return positions.length
  } finally {
    await client.dispose()
    await store.stop()
  }
}

async function killWhile(
  store: SpawnedEventStore,
  writers: readonly Writer[],
  writeMs: number,
): Promise<void> {
  const client = EventStoreDBClient.connectionString(store.url)
  const before = writers.reduce((sum, writer) => sum + writer.acknowledged, 0)
  const killed = new Promise((resolve) => setTimeout(resolve, writeMs)).then(() => store.kill())
  await Promise.all(writers.map((writer) => appendUntilFailure(client, writer)))
  await killed
  await client.dispose()
  expect(writers.reduce((sum, writer) => sum + writer.acknowledged, 0)).toBeGreaterThan(before)
}

async function appendUntilFailure(client: EventStoreDBClient, writer: Writer): Promise<void> {
  try {
    for (;;) await append(client, writer)
  } catch {
    // The server was killed; what the events say is looked at afterwards.
  }
}

/** The writer's next event; its id follows from its place, as a retry's does. */
async function append(client: EventStoreDBClient, writer: Writer): Promise<void> {
  const { stream, acknowledged: n } = writer
  const [, index = '0'] = stream.split('-')
  const id = `00000000-0000-4000-8000-${(Number(index) * 1_000_000 + n).toString(16).padStart(12, '0')}`
  const event = jsonEvent({ id, type: 'Counted', data: { n, padding: 'x'.repeat(n % 500) } })
  await client.appendToStream(stream, event, { expectedRevision: n === 0 ? 'no_stream' : BigInt(n - 1) })
  writer.acknowledged += 1
}
