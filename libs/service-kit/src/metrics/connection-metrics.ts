// What every service shows of the things it depends on: NATS, the event store, the disk under its files.
import { statfs } from 'node:fs/promises'

import { Counter, Gauge, Histogram } from 'prom-client'

import type { Metrics } from '../admin/metrics.ts'

/** The part of a NATS connection that is watched. */
export interface WatchedConnection {
  isConnected(): boolean
  onStatus(listener: (status: string) => void): () => void
}

/** Shows whether NATS is connected, and how often it was lost. */
export const watchNats = (metrics: Metrics, nats: WatchedConnection): void => {
  const registers = [metrics]
  const lost = new Counter({
    name: 'nats_disconnections_total',
    help: 'How often the connection to NATS was lost.',
    registers,
  })
  nats.onStatus((status) => {
    if (status === 'disconnected') lost.inc()
  })
  new Gauge({
    name: 'nats_connected',
    help: '1 while NATS is connected.',
    registers,
    collect() {
      this.set(nats.isConnected() ? 1 : 0)
    },
  })
}

/** Told of each call to the event store; `outcome` is `ok` or the kind of error. */
export type OnEventStoreCall = (call: {
  readonly operation: string
  readonly outcome: string
  readonly seconds: number
}) => void

/** Rate, errors and duration of calls to the event store. */
export const eventStoreMetrics = (metrics: Metrics): OnEventStoreCall => {
  const duration = new Histogram({
    name: 'event_store_call_duration_seconds',
    help: 'Calls to the event store by what became of them; of a read, until its first event.',
    labelNames: ['operation', 'outcome'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [metrics],
  })
  return ({ operation, outcome, seconds }) => duration.observe({ operation, outcome }, seconds)
}

/** Shows the room on the disk of a service's own files; 0 when the folder is not there. */
export const watchDisk = (metrics: Metrics, folder: string): void => {
  const gauge = (name: string, help: string, blocks: 'bavail' | 'blocks') =>
    new Gauge({
      name: `data_folder_${name}_bytes`,
      help,
      registers: [metrics],
      async collect() {
        const disk = await statfs(folder).catch(() => undefined)
        this.set(disk === undefined ? 0 : disk[blocks] * disk.bsize)
      },
    })
  gauge('free', 'Room that is left on the disk under DATA_DIR.', 'bavail')
  gauge('size', 'Size of the disk under DATA_DIR.', 'blocks')
}
