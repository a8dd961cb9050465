import { randomUUID } from 'node:crypto'

import { jsonEvent, START } from '@eventstore/db-client'
import type { EventStoreDBClient } from '@eventstore/db-client'
import { expect, test } from '@jest/globals'
import { eventually, temporaryFolder } from '@peyk/testing'

import { spawnEventStore } from './spawn.ts'
import { connect } from './testing/client.ts'
import { memoryMegabytes, workedMs } from './testing/process.ts'

const ROUNDS = 20
const BATCHES = 25
const BATCH = 100

/** A subscriber that takes an event a second, until it is stopped. */
async function subscribeSlowly(client: EventStoreDBClient) {
  const subscription = client.subscribeToAll({ fromPosition: START })
  const reader = subscription[Symbol.asyncIterator]()
  await reader.next()
  const timer = setInterval(() => void reader.next(), 1_000)
  return async () => {
    clearInterval(timer)
    await subscription.unsubscribe()
  }
}

/** The server has sent what the subscriber lets it send, and waits: ten looks in a row, it has worked no more. */
async function settled(pid: number): Promise<void> {
  let before = workedMs(pid)
  let quiet = 0
  await eventually(
    () => {
      const worked = workedMs(pid)
      quiet = worked - before < 0.5 ? quiet + 1 : 0
      before = worked
      return quiet >= 10
    },
    { what: 'the server to be idle' },
  )
}

async function appendRound(client: EventStoreDBClient): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const events = Array.from({ length: BATCH }, (_, n) =>
      jsonEvent({ id: randomUUID(), type: 'Counted', data: { n, padding: 'x'.repeat(400) } }),
    )
    await client.appendToStream('a', events)
  }
}

/** The mean of the lower half: the other rounds of the same work met a checkpoint, a collection of garbage, a neighbour. */
function undisturbed(rounds: readonly number[]): number {
  const lower = rounds.toSorted((a, b) => a - b).slice(0, rounds.length / 2)
  return lower.reduce((sum, each) => sum + each, 0) / lower.length
}

test('a subscriber that reads an event a second costs the server neither memory nor speed', async () => {
  await using folder = await temporaryFolder('eventstore-slow-')
  const store = await spawnEventStore({ dataDir: folder.path })
  try {
    await using connection = connect(store.url)
    const { client } = connection
    const round = async () => {
      const before = workedMs(store.pid)
      await appendRound(client)
      return workedMs(store.pid) - before
    }
    for (let warmUp = 0; warmUp < 4; warmUp += 1) await round()
    await using slow = connect(store.url)
    const alone: number[] = []
    const beside: number[] = []
    const memory: number[] = []
    // Turn by turn, so that what the machine does meanwhile meets both; 100,000 events in all.
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      alone.push(await round())
      const stop = await subscribeSlowly(slow.client)
      await settled(store.pid)
      beside.push(await round())
      memory.push(memoryMegabytes(store.pid, 'now'))
      await stop()
    }
    expect(undisturbed(beside) / undisturbed(alone)).toBeLessThan(1.1)
    const [first = Number.NaN] = memory
    expect(Math.max(...memory) - first).toBeLessThan(30)
  } finally {
    await store.stop()
  }
}, 300_000)
