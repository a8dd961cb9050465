// The figures of the embedded event store: the real client in this process, the server in another, every append
// flushed to the disk before it is answered.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { EventStoreDBClient, jsonEvent, START, streamNameFilter } from '@eventstore/db-client'
import { spawnEventStore } from '@peyk/eventstore-embedded'

import { percentile, report } from './report.ts'

/** An event of the size that campaigns write. */
const event = (n: number) =>
  jsonEvent({
    id: randomUUID(),
    type: 'OutcomesRecorded',
    data: {
      n,
      epoch: '2025-01-01T00:00:00.000Z',
      outcomes: [[n, 'sent', 1_700_000_000]],
      totals: { sent: n },
    },
    metadata: {
      commandId: randomUUID(),
      correlationId: randomUUID(),
      tenant: 'local',
      occurredAt: Date.now(),
    },
  })

const EVENTS_ON_DISK = Number(process.env['BENCH_EVENTS'] ?? 1_000_000)

export async function run(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-eventstore-'))
  try {
    const store = await spawnEventStore({ dataDir })
    const client = EventStoreDBClient.connectionString(store.url)
    try {
      const measure = measurer(store.pid)
      await singleAppends(client, 3_000)
      await measure('single appends, 32 callers', 30_000, (count) => singleAppends(client, count))
      await measure('batches of 100, one caller', 100_000, (count) => batches(client, 'filtered-1', count))
      await measure('readStream', 50_000, (count) => readStream(client, 'filtered-1', count))
      await measure('filtered catch-up', 100_000, (count) => catchUp(client, 'filtered-', count))
      await liveDelivery(client)
      await batches(client, 'many-1', EVENTS_ON_DISK)
    } finally {
      await client.dispose()
      await store.stop()
    }
    await largeLog(dataDir)
  } finally {
    await rm(dataDir, { recursive: true })
  }
}

async function singleAppends(client: EventStoreDBClient, count: number): Promise<void> {
  let next = 0
  const caller = async (_: unknown, index: number) => {
    while (next < count) await client.appendToStream(`single-${index}`, event((next += 1)))
  }
  await Promise.all(Array.from({ length: 32 }, caller))
}

async function batches(client: EventStoreDBClient, stream: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += 100) {
    await client.appendToStream(
      stream,
      Array.from({ length: 100 }, (_, index) => event(first + index)),
    )
  }
}

async function readStream(client: EventStoreDBClient, stream: string, count: number): Promise<void> {
  let seen = 0
  for await (const { event: recorded } of client.readStream(stream, { maxCount: count }))
    if (recorded !== undefined) seen += 1
  if (seen !== count) throw new Error(`read ${seen} of ${count} events`)
}

async function catchUp(client: EventStoreDBClient, prefix: string, count: number): Promise<void> {
  const filter = streamNameFilter({ prefixes: [prefix] })
  const subscription = client.subscribeToAll({ fromPosition: START, filter })
  const events = subscription[Symbol.asyncIterator]()
  for (let seen = 0; seen < count; seen += 1) await events.next()
  // Not by the iterator's return: it leaves the call open, and the client then waits for it when it is disposed of.
  await subscription.unsubscribe()
}

async function liveDelivery(client: EventStoreDBClient): Promise<void> {
  const subscription = client.subscribeToStream('live-1')
  const delivered = subscription[Symbol.asyncIterator]()
  const times: number[] = []
  for (let n = 0; n < 2_000; n += 1) {
    const started = performance.now()
    const [received] = await Promise.all([
      delivered.next().then(() => performance.now() - started),
      client.appendToStream('live-1', event(n)),
    ])
    times.push(received)
  }
  await subscription.unsubscribe()
  report('append to live delivery, p50', percentile(times, 0.5), 'ms')
  report('append to live delivery, p99', percentile(times, 0.99), 'ms')
}

async function largeLog(dataDir: string): Promise<void> {
  const starts: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now()
    const server = await spawnEventStore({ dataDir })
    starts.push(performance.now() - started)
    await server.stop()
  }
  report(`start with ${EVENTS_ON_DISK} more events on disk, p50`, percentile(starts, 0.5), 'ms')
  const store = await spawnEventStore({ dataDir })
  const client = EventStoreDBClient.connectionString(store.url)
  try {
    await measurer(store.pid)('filtered catch-up of all', EVENTS_ON_DISK, (count) =>
      catchUp(client, 'many-', count),
    )
    report('server memory after it', residentMegabytes(store.pid), 'MB')
  } finally {
    await client.dispose()
    await store.stop()
  }
}

/**
 * Does the work for so many events, and reports its speed and what an event took of the processor: the speed tells of
 * the whole machine, and of whatever else runs on it; the processor's time tells of us.
 */
function measurer(serverPid: number) {
  return async (name: string, count: number, work: (count: number) => Promise<void>): Promise<void> => {
    const [started, server, caller] = [performance.now(), workedMs(serverPid), process.cpuUsage()]
    await work(count)
    const { user, system } = process.cpuUsage(caller)
    report(name, count / ((performance.now() - started) / 1000), 'events/s')
    report(
      `${name}: the server's processor time`,
      ((workedMs(serverPid) - server) * 1_000) / count,
      'us/event',
    )
    report(`${name}: the client's processor time`, (user + system) / count, 'us/event')
  }
}

/** What a process has worked so far, where the system says it (Linux; in steps of 10 ms). */
function workedMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The peak of a process's memory, where the system says it (Linux). */
function residentMegabytes(pid: number): number {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(peak?.[1] ?? Number.NaN) / 1024
}
