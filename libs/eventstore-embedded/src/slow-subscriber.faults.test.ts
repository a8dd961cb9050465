import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { jsonEvent, START } from '@eventstore/db-client'
import type { EventStoreDBClient } from '@eventstore/db-client'
import { expect, test } from '@jest/globals'
import { temporaryFolder } from '@peyk/testing'

import { spawnEventStore } from './spawn.ts'
import { connect } from './testing/client.ts'

const ROUNDS = 10
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

async function appendRound(client: EventStoreDBClient): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const events = Array.from({ length: BATCH }, (_, n) =>
      jsonEvent({ id: randomUUID(), type: 'Counted', data: { n, padding: 'x'.repeat(400) } }),
    )
    await client.appendToStream('a', events)
  }
}

/** What the server's thread has worked so far; unlike the clock it does not count what other processes take. */
const workedMs = (pid: number) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6

const residentMegabytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Of several rounds of the same work the middle one: single ones meet a checkpoint or a collection of garbage. */
const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

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
    // Turn by turn, so that what the machine does meanwhile meets both; 50,000 events in all.
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      alone.push(await round())
      const stop = await subscribeSlowly(slow.client)
      beside.push(await round())
      memory.push(residentMegabytes(store.pid))
      await stop()
    }
    expect(median(beside) / median(alone)).toBeLessThan(1.1)
    const [first = Number.NaN] = memory
    expect(Math.max(...memory) - first).toBeLessThan(30)
  } finally {
    await store.stop()
  }
}, 300_000)
