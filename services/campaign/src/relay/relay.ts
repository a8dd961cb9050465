// The relay: our own event streams are the outbox, EVENTS is what other services read.
import { eventStreamPrefixes, headers } from '@peyk/contracts'
import { type EventStore, type RecordedEvent, runSubscription } from '@peyk/event-sourcing'
import { type Bucket, type Log, messageAt, type Nats, type Publisher, streamInfo } from '@peyk/messaging'

import type { ConsumerMetrics } from '@peyk/service-kit'

import { publicEventOf } from './public-event.ts'

export interface RelayOptions {
  readonly nats: Nats
  readonly store: EventStore
  readonly publisher: Publisher
  readonly checkpoints: Bucket
  readonly log: Log
  readonly consumer: ConsumerMetrics
  readonly onPosition: (event: RecordedEvent | undefined) => void
}

const CHECKPOINT = 'relay'

/**
 * Publishes each event once, in the order of the store, as a CloudEvent in binary mode. It goes on after the position
 * in the last message's header or in KV, whichever is further; what is sent again carries the same id. Ends on abort.
 */
export const runRelay = (options: RelayOptions, signal: AbortSignal): Promise<void> => {
  // What stood in the store before the relay began is history: its traces have ended, and are linked only.
  let isHistory = true
  return runSubscription({
    store: options.store,
    streamPrefixes: [eventStreamPrefixes.campaign, eventStreamPrefixes.outcomes, eventStreamPrefixes.session],
    signal,
    load: () => loadPosition(options),
    handle: async (batch, position) => {
      const startedAt = performance.now()
      for (const event of batch) await publishEvent(options.publisher, event, isHistory)
      await options.checkpoints.put(CHECKPOINT, { position: String(position) })
      options.consumer.handled(batch.length, (performance.now() - startedAt) / 1_000)
      options.onPosition(batch.at(-1))
    },
    onCaughtUp: () => {
      isHistory = false
    },
    onError: (error, attempt) => {
      options.consumer.failed()
      options.log.error({ error, attempt }, 'the relay cannot publish, trying again')
    },
  })
}

const loadPosition = async ({ nats, checkpoints }: RelayOptions): Promise<bigint | undefined> => {
  const { lastSequence } = await streamInfo(nats, 'EVENTS')
  const last = lastSequence === 0 ? undefined : await messageAt(nats, 'EVENTS', lastSequence)
  const saved = (await checkpoints.get(CHECKPOINT))?.json()
  const positions = [last?.headers[headers.position], positionIn(saved)].flatMap((text) => text ?? [])
  return positions
    .map(BigInt)
    .reduce<bigint | undefined>((far, each) => (far === undefined || each > far ? each : far), undefined)
}

const positionIn = (saved: unknown): string | undefined =>
  typeof saved === 'object' && saved !== null && 'position' in saved && typeof saved.position === 'string'
    ? saved.position
    : undefined

const publishEvent = async (
  publisher: Publisher,
  event: RecordedEvent,
  isHistory: boolean,
): Promise<void> => {
  const published = publicEventOf(event)
  if (published === undefined) return
  const text = (key: string) => (typeof event.metadata[key] === 'string' ? event.metadata[key] : undefined)
  const correlationId = text('correlationId')
  const traceparent = text('traceparent')
  await publisher.publish(published.subject, published.data, {
    id: event.id,
    linked: isHistory,
    headers: {
      'ce-specversion': '1.0',
      'ce-id': event.id,
      'ce-source': published.source,
      'ce-type': `peyk.${event.type}`,
      'ce-time': text('occurredAt') ?? '',
      'content-type': 'application/json',
      [headers.position]: String(event.position),
      ...(correlationId === undefined ? {} : { [headers.correlationId]: correlationId }),
      ...(traceparent === undefined ? {} : { [headers.traceparent]: traceparent }),
    },
  })
}
