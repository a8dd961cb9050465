// What operators see of the background work.
import { recipientStateSchema } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import { type ConsumerMetrics, consumerMetrics, type Metrics } from '@peyk/service-kit'
import { Counter, Gauge, type Registry } from 'prom-client'

import type { LedgerMetrics } from '../ledger/ledger.ts'

export interface BackgroundMetrics extends LedgerMetrics {
  readonly relay: ConsumerMetrics
  readonly relayed: (last: RecordedEvent | undefined) => void
  readonly held: (isHeld: boolean) => void
}

export const createBackgroundMetrics = (registry: Registry | Metrics): BackgroundMetrics => {
  const registers = [registry]
  const recorded = new Counter({
    name: 'ledger_outcomes_recorded_total',
    help: 'Outcomes recorded in the ledger, by state',
    labelNames: ['state'],
    registers,
  })
  const unknown = new Counter({
    name: 'ledger_unknown_receipts_total',
    help: 'Receipts for messages that nobody knows',
    registers,
  })
  const unreadable = new Counter({
    name: 'ledger_unreadable_messages_total',
    help: 'Messages of OUTCOMES that could not be read',
    registers,
  })
  const lag = new Gauge({
    name: 'ledger_lag_messages',
    help: 'Messages of OUTCOMES that wait to be recorded',
    registers,
  })
  const relayedAt = new Gauge({
    name: 'relay_last_event_timestamp_seconds',
    help: 'When the newest relayed event occurred',
    registers,
  })
  const held = new Gauge({
    name: 'campaign_background_held',
    help: '1 while this process holds the background work',
    registers,
  })
  for (const state of recipientStateSchema.exclude(['pending']).options) recorded.inc({ state }, 0)
  return {
    consumer: consumerMetrics(registry, 'ledger'),
    relay: consumerMetrics(registry, 'relay'),
    recorded: (outcomes) => {
      for (const { state } of outcomes) recorded.inc({ state })
    },
    unknownReceipts: (count) => unknown.inc(count),
    unreadable: () => unreadable.inc(),
    lag: (messages) => lag.set(messages),
    relayed: (last) => {
      const at = last?.metadata['occurredAt']
      if (typeof at === 'string') relayedAt.set(Date.parse(at) / 1_000)
    },
    held: (isHeld) => held.set(isHeld ? 1 : 0),
  }
}
