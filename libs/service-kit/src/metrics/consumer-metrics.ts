// Rate, errors and duration of whatever reads a stream: one set of metrics for all consumers of a process.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

import type { Metrics } from '../admin/metrics.ts'

/** What one consumer tells of its work. */
export interface ConsumerMetrics {
  /** A batch (or a message) was worked through; an empty one only says that nothing fails. */
  handled(messages: number, seconds: number): void
  /** It failed and will be tried again. */
  failed(): void
}

const created = new WeakMap<Registry | Metrics, ReturnType<typeof createAll>>()

const createAll = (registry: Registry | Metrics) => {
  const labelNames = ['consumer'] as const
  const registers = [registry]
  return {
    messages: new Counter({
      name: 'consumer_messages_total',
      help: 'Messages or events that were worked through, by consumer.',
      labelNames,
      registers,
    }),
    duration: new Histogram({
      name: 'consumer_batch_duration_seconds',
      help: 'Time that a batch took, by consumer.',
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: 'consumer_failures_total',
      help: 'Batches that failed and were tried again, by consumer.',
      labelNames,
      registers,
    }),
    failuresInARow: new Gauge({
      name: 'consumer_failures_in_a_row',
      help: 'Failures since the last batch that went well, by consumer: above 0 it stands still.',
      labelNames,
      registers,
    }),
  }
}

/** The metrics of one consumer; `name` is a fixed word, never a durable with an id in it. */
export const consumerMetrics = (registry: Registry | Metrics, name: string): ConsumerMetrics => {
  const all = created.get(registry) ?? createAll(registry)
  created.set(registry, all)
  const consumer = { consumer: name }
  all.messages.inc(consumer, 0)
  all.failures.inc(consumer, 0)
  all.failuresInARow.set(consumer, 0)
  return {
    handled: (messages, seconds) => {
      all.messages.inc(consumer, messages)
      if (messages > 0) all.duration.observe(consumer, seconds)
      all.failuresInARow.set(consumer, 0)
    },
    failed: () => {
      all.failures.inc(consumer)
      all.failuresInARow.inc(consumer)
    },
  }
}
