// What NATS holds, as operators see it: each stream and bucket with its room and the age of its oldest message.
import { natsTopology } from '@peyk/contracts'
import { type Nats, streamInfo, type StreamState } from '@peyk/messaging'
import type { Metrics } from '@peyk/service-kit'
import { Gauge, type Registry } from 'prom-client'

const ASK_TIMEOUT_MS = 1_000

const { streams, buckets } = natsTopology(1)
const names = [...streams.map(({ name }) => name), ...buckets.map(({ name }) => `KV_${name}`)]

/** Asks NATS once a scrape. A stream that does not answer is left out. */
export const showStreams = (registry: Registry | Metrics, nats: Nats): void => {
  let asking: Promise<readonly StreamState[]> | undefined
  const states = () => {
    asking ??= readStates(nats).finally(() => (asking = undefined))
    return asking
  }
  const gauge = (name: string, help: string, read: (state: StreamState) => number) =>
    new Gauge({
      name: `jetstream_stream_${name}`,
      help,
      labelNames: ['stream'],
      registers: [registry],
      async collect() {
        const found = await states()
        this.reset()
        for (const state of found) this.set({ stream: state.name }, read(state))
      },
    })
  gauge('messages', 'Messages that a stream holds', ({ messages }) => messages)
  gauge('bytes', 'Bytes that a stream holds', ({ bytes }) => bytes)
  gauge('max_bytes', 'Bytes that a stream may hold', ({ maxBytes }) => maxBytes)
  gauge('consumers', 'Consumers of a stream', ({ consumers }) => consumers)
  gauge(
    'oldest_message_age_seconds',
    'Age of the oldest message; of DISPATCH, the age of the queue',
    ({ oldestAt }) => (oldestAt === undefined ? 0 : (Date.now() - oldestAt.getTime()) / 1_000),
  )
}

const readStates = async (nats: Nats): Promise<readonly StreamState[]> =>
  (await Promise.all(names.map((name) => stateOf(nats, name)))).filter((state) => state !== undefined)

const stateOf = async (nats: Nats, name: string): Promise<StreamState | undefined> => {
  try {
    return await streamInfo(nats, name, { timeoutMs: ASK_TIMEOUT_MS })
  } catch {
    // Disconnected, or the stream is being made: `nats_connected` tells the rest.
    return undefined
  }
}
