import { statSync } from 'node:fs'

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

import type { Activity, ReadKind } from './grpc/context.ts'
import type { Commit, EventLog } from './store/event-log.ts'

const READ_KINDS: readonly ReadKind[] = ['stream', 'all', 'stream_subscription', 'all_subscription']

/** The numbers that the server shows at `/metrics`, and the places where its parts report. */
export type ServerMetrics = Readonly<{
  registry: Registry
  activity: Activity
  onCommit: (commit: Commit) => void
  onScavenge: (result: { deleted: number } | { error: unknown }) => void
}>

export function createMetrics(): ServerMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const appends = new Counter({
    name: 'eventstore_appends_total',
    help: 'Appends answered, by outcome.',
    labelNames: ['outcome'],
    registers,
  })
  return {
    registry,
    activity: { appended: (outcome) => appends.inc({ outcome }), ...readingMetrics(registers) },
    onCommit: commitMetrics(registers),
    onScavenge: scavengeMetrics(registers),
  }
}

function readingMetrics(registers: Registry[]): Pick<Activity, 'delivered' | 'reading'> {
  const labelNames = ['kind']
  const delivered = new Counter({
    name: 'eventstore_events_delivered_total',
    help: 'Events sent to readers and subscriptions.',
    labelNames,
    registers,
  })
  const readers = new Gauge({
    name: 'eventstore_readers',
    help: 'Reads and subscriptions in progress.',
    labelNames,
    registers,
  })
  // The children are looked up once: this is the hot path.
  const children = (kind: ReadKind) => [delivered.labels({ kind }), readers.labels({ kind })] as const
  const byKind = new Map(READ_KINDS.map((kind) => [kind, children(kind)]))
  return {
    delivered: (kind) => byKind.get(kind)?.[0].inc(),
    reading: (kind) => {
      byKind.get(kind)?.[1].inc()
      return () => byKind.get(kind)?.[1].dec()
    },
  }
}

function commitMetrics(registers: Registry[]): (commit: Commit) => void {
  const seconds = new Histogram({
    name: 'eventstore_commit_seconds',
    help: 'Duration of transactions, with their flush to the disk.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2],
    registers,
  })
  const writes = new Counter({
    name: 'eventstore_writes_total',
    help: 'Appends and deletes that were decided in a transaction.',
    registers,
  })
  const events = new Counter({ name: 'eventstore_events_written_total', help: 'Events written.', registers })
  const bytes = new Counter({
    name: 'eventstore_bytes_written_total',
    help: 'Bytes of data and metadata written.',
    registers,
  })
  return (commit) => {
    seconds.observe(commit.milliseconds / 1000)
    writes.inc(commit.writes)
    events.inc(commit.events)
    bytes.inc(commit.bytes)
  }
}

function scavengeMetrics(registers: Registry[]): ServerMetrics['onScavenge'] {
  const deleted = new Counter({
    name: 'eventstore_scavenged_events_total',
    help: 'Events that scavenges took out of the file.',
    registers,
  })
  const runs = new Counter({
    name: 'eventstore_scavenges_total',
    help: 'Scavenges, by result.',
    labelNames: ['result'],
    registers,
  })
  return (result) => {
    const failed = 'error' in result
    runs.inc({ result: failed ? 'failed' : 'done' })
    if (!failed) deleted.inc(result.deleted)
  }
}

/** Adds what is read from the log when somebody asks: its head, its queue and its files' sizes. */
export function watchLog(registry: Registry, log: EventLog): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  gauge('eventstore_position', 'The newest position.', () => log.head)
  gauge('eventstore_waiting_writes', 'Writes that wait for a transaction.', () => log.queueLength)
  gauge('eventstore_file_bytes', 'Size of the log file.', () => sizeOf(log.file))
  gauge('eventstore_wal_bytes', 'Size of the write-ahead log.', () => sizeOf(`${log.file}-wal`))
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
