// What the tests of this library share: a server for each file, small definitions, waiting for a condition.
import type { BucketDefinition, StreamDefinition } from '@peyk/contracts'

import { connectNats, type Nats } from './connection.ts'
import { type NatsServer, type NatsServerOptions, startNatsServer } from './server/start-server.ts'
import { ensureStreams } from './streams/ensure-streams.ts'
import { pause } from './wait.ts'

const MiB = 1024 * 1024

export const streamDefinition = (
  name: string,
  subjects: readonly string[],
  fields: Partial<StreamDefinition> = {},
): StreamDefinition => ({
  name,
  subjects,
  description: name,
  retention: 'limits',
  storage: 'file',
  discard: 'new',
  maxAgeMs: 0,
  maxBytes: 64 * MiB,
  maxMessageBytes: 1 * MiB,
  maxMessagesPerSubject: -1,
  duplicateWindowMs: 120_000,
  replicas: 1,
  allowDirect: false,
  allowRollup: false,
  ...fields,
})

export const bucketDefinition = (name: string, fields: Partial<BucketDefinition> = {}): BucketDefinition => ({
  name,
  description: name,
  ttlMs: 0,
  history: 1,
  storage: 'memory',
  maxBytes: 1 * MiB,
  maxValueBytes: 65_536,
  replicas: 1,
  allowDirect: false,
  ...fields,
})

/** A server and a connection for the tests of one file; `stop` belongs into its `afterAll`. */
export async function startNats(
  options: NatsServerOptions = {},
): Promise<{ server: NatsServer; nats: Nats; stop: () => Promise<void> }> {
  const server = await startNatsServer(options)
  const nats = await connectNats({ url: server.url, name: 'test' })
  const stop = async () => {
    server.thaw()
    await nats.close()
    await server.dispose()
  }
  return { server, nats, stop }
}

/** SIGSTOP takes a moment to reach every thread: returns when the server is silent. */
export async function freeze({ server, nats }: { server: NatsServer; nats: Nats }): Promise<void> {
  server.freeze()
  for (;;) {
    const answers = await nats.request('$JS.API.INFO', undefined, 100).then(
      () => true,
      () => false,
    )
    if (!answers) return
  }
}

let created = 0

/** A stream of its own for a test; answers its name, under which subjects `<name>.>` are stored. */
export async function makeStream(nats: Nats, fields: Partial<StreamDefinition> = {}): Promise<string> {
  const name = fields.name ?? `S${(created += 1)}`
  const definition = streamDefinition(name, [`${name}.>`], fields)
  await ensureStreams(
    nats,
    { streams: [definition], buckets: [], objectStores: [] },
    { role: 'owner', allowUnsafeCluster: true },
  )
  return name
}

/** A bucket of its own for a test. */
export async function makeBucket(nats: Nats, fields: Partial<BucketDefinition> = {}): Promise<string> {
  const name = fields.name ?? `b${(created += 1)}`
  await ensureStreams(
    nats,
    { streams: [], buckets: [bucketDefinition(name, fields)], objectStores: [] },
    { role: 'owner', allowUnsafeCluster: true },
  )
  return name
}

/** Waits until the condition holds; fails with the words given. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await pause(10)
  }
}
