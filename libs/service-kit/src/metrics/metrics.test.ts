import { tmpdir } from 'node:os'

import { describe, expect, test } from '@jest/globals'

import { createMetrics, toPrometheusText } from '../admin/metrics.ts'
import { eventStoreMetrics, watchDisk, watchNats } from './connection-metrics.ts'
import { consumerMetrics } from './consumer-metrics.ts'

const scrapeOf = async (metrics: ReturnType<typeof createMetrics>) =>
  toPrometheusText(await metrics.metrics())

describe('consumers', () => {
  test('are told apart by name in one registry, and failures in a row end with a success', async () => {
    const metrics = createMetrics()
    const relay = consumerMetrics(metrics, 'relay')
    const ledger = consumerMetrics(metrics, 'ledger')
    relay.handled(3, 0.2)
    ledger.failed()
    ledger.failed()
    expect(await scrapeOf(metrics)).toContain('consumer_failures_in_a_row{consumer="ledger"} 2')
    ledger.handled(1, 0.1)
    const scrape = await scrapeOf(metrics)
    expect(scrape).toContain('consumer_messages_total{consumer="relay"} 3')
    expect(scrape).toContain('consumer_failures_total{consumer="ledger"} 2')
    expect(scrape).toContain('consumer_failures_in_a_row{consumer="ledger"} 0')
    expect(scrape).toContain('consumer_batch_duration_seconds_count{consumer="relay"} 1')
  })
})

test('NATS: whether it is connected now, and how often it was lost', async () => {
  const metrics = createMetrics()
  let isConnected = true
  const listeners: ((status: string) => void)[] = []
  watchNats(metrics, {
    isConnected: () => isConnected,
    onStatus: (listener) => {
      listeners.push(listener)
      return () => undefined
    },
  })
  expect(await scrapeOf(metrics)).toContain('nats_connected 1')
  isConnected = false
  for (const each of listeners) each('disconnected')
  const scrape = await scrapeOf(metrics)
  expect(scrape).toContain('nats_connected 0')
  expect(scrape).toContain('nats_disconnections_total 1')
})

test('the event store: calls by operation and outcome', async () => {
  const metrics = createMetrics()
  eventStoreMetrics(metrics)({ operation: 'append', outcome: 'WrongRevision', seconds: 0.003 })
  expect(await scrapeOf(metrics)).toContain(
    'event_store_call_duration_seconds_bucket{le="0.005",operation="append",outcome="WrongRevision"} 1',
  )
})

test('the disk: size and room, also of a folder that is gone', async () => {
  const metrics = createMetrics()
  watchDisk(metrics, tmpdir())
  expect(await scrapeOf(metrics)).toMatch(/^data_folder_free_bytes [1-9]/m)
  const gone = createMetrics()
  watchDisk(gone, '/nowhere/at/all')
  expect(await scrapeOf(gone)).toMatch(/^data_folder_free_bytes 0$/m)
})
