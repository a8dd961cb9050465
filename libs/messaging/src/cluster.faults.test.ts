// Three replicas, one of them lost, again and again.
import { randomUUID } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ConsumerInfo, StreamInfo } from 'nats'

import { connectNats, type Nats } from './connection.ts'
import { orderedFeed } from './feed/ordered-feed.ts'
import { askJetStream } from './jetstream-api.ts'
import { tryAcquireLease, type Lease } from './lease.ts'
import { createPublisher } from './publish/publisher.ts'
import { FIRST_SAFE_CLUSTER, isAtLeast } from './server-version.ts'
import { type NatsCluster, startNatsCluster } from './server/start-cluster.ts'
import { eventually, makeBucket, makeStream } from './test-support.ts'
import { pause } from './wait.ts'

let cluster: NatsCluster
let writer: Nats
let reader: Nats
beforeAll(async () => {
  cluster = await startNatsCluster()
  writer = await connectNats({ url: cluster.url, name: 'writer' })
  reader = await connectNats({ url: cluster.url, name: 'reader' })
}, 60_000)
afterAll(async () => {
  for (const server of cluster.servers.values()) server.thaw()
  await Promise.all([writer.close(), reader.close()])
  await cluster.dispose()
}, 60_000)

const server = (name: string | undefined) => cluster.servers.get(name ?? '')!

async function leaderOf(stream: string): Promise<string> {
  const info = await askJetStream<StreamInfo>(writer, `STREAM.INFO.${stream}`, undefined, {
    timeoutMs: 30_000,
  })
  return info.cluster?.leader ?? ''
}

async function consumerServers(stream: string): Promise<readonly string[]> {
  const { consumers } = await askJetStream<{ consumers: ConsumerInfo[] }>(
    writer,
    `CONSUMER.LIST.${stream}`,
    undefined,
  )
  return consumers.map(({ cluster: where }) => where?.leader ?? '')
}

/** One message every few milliseconds, each under its id, until it is stopped. */
function write(stream: string) {
  const series = randomUUID()
  const publisher = createPublisher(writer)
  const end = new AbortController()
  const storedAt = new Map<number, number>()
  const run = async () => {
    for (let n = 0; !end.signal.aborted; n += 1) {
      const { sequence } = await publisher.publish(
        `${stream}.a`,
        { n },
        { id: `${series}-${n}`, timeoutMs: 60_000 },
      )
      storedAt.set(sequence, performance.now())
      await pause(5)
    }
  }
  const done = run()
  const stop = async () => {
    end.abort()
    await done
    return storedAt
  }
  return { storedAt, stop }
}

function read(stream: string) {
  const end = new AbortController()
  const seenAt = new Map<number, number>()
  const sequences: number[] = []
  const feed = orderedFeed(reader, {
    stream,
    from: 'all',
    signal: end.signal,
    onMessage: ({ sequence }) => {
      sequences.push(sequence)
      seenAt.set(sequence, performance.now())
    },
  })
  const stop = async () => {
    end.abort()
    await feed.ended
  }
  return { sequences, seenAt, stop }
}

/** Runs the fault while messages flow; answers the longest time between a message stored and seen. */
async function blindnessMs(stream: string, fault: () => Promise<void>): Promise<number> {
  const reading = read(stream)
  const writing = write(stream)
  await eventually(() => reading.sequences.length > 100, 'messages to flow', 30_000)
  await fault()
  const upTo = writing.storedAt.size + 200
  await eventually(() => writing.storedAt.size > upTo, 'writing to go on', 60_000)
  const storedAt = await writing.stop()
  const last = Math.max(...storedAt.keys())
  await eventually(() => reading.sequences.length >= last, 'all to be read', 30_000)
  await reading.stop()
  expect(reading.sequences).toEqual(Array.from({ length: last }, (_, n) => n + 1))
  return Math.max(...[...storedAt].map(([sequence, at]) => reading.seenAt.get(sequence)! - at))
}

describe('the feed, three replicas', () => {
  test('the server of its consumer is killed: 0 lost, 0 twice, blind for at most 3 s', async () => {
    const stream = await makeStream(writer, { replicas: 3 })
    let killed = ''
    const blind = await blindnessMs(stream, async () => {
      const [at] = await consumerServers(stream)
      killed = at ?? ''
      await server(killed).kill()
    })
    await server(killed).restart()
    expect(blind).toBeLessThan(3_000)
  }, 150_000)

  test('the server that it is connected to freezes: 0 lost, 0 twice, blind for at most 3 s', async () => {
    const stream = await makeStream(writer, { replicas: 3 })
    const frozen = [...cluster.servers.values()].find(({ port }) =>
      reader.connection.getServer().endsWith(`:${port}`),
    )!
    const blind = await blindnessMs(stream, () => {
      frozen.freeze()
      return Promise.resolve()
    })
    frozen.thaw()
    expect(blind).toBeLessThan(3_000)
  }, 150_000)

  test("the stream's leader is killed, three times: 0 lost, 0 twice", async () => {
    const stream = await makeStream(writer, { replicas: 3 })
    for (let round = 0; round < 3; round += 1) {
      let killed = ''
      await blindnessMs(stream, async () => {
        killed = await leaderOf(stream)
        await server(killed).kill()
      })
      await server(killed).restart()
    }
  }, 240_000)
})

describe('a lease, three replicas', () => {
  test('goes on when its leader is killed, and never has two holders where fences hold', async () => {
    // Servers before that let two writes pass one fence (server-version.ts): there is no safe lease on such a cluster.
    const fencesHold = isAtLeast(writer.serverVersion(), FIRST_SAFE_CLUSTER)
    const bucket = await makeBucket(writer, { ttlMs: 6_000, replicas: 3, storage: 'file' })
    const options = { bucket, key: 'k', ttlMs: 6_000, renewMs: 1_000 }
    const held = new Set<Lease>()
    const end = new AbortController()
    let handovers = 0
    const contend = async (nats: Nats, owner: string) => {
      while (!end.signal.aborted) {
        const lease = await tryAcquireLease(nats, { ...options, owner }).catch(() => undefined)
        if (lease !== undefined) {
          for (const other of held) if (fencesHold) expect(other.isHeld()).toBe(false)
          held.add(lease)
          handovers += 1
          await pause(2_000, AbortSignal.any([lease.signal, end.signal]))
          held.delete(lease)
          await lease.release()
        }
        await pause(20)
      }
    }
    const contenders = [contend(writer, 'a'), contend(reader, 'b')]
    await eventually(() => handovers > 1, 'the lease to go round', 30_000)
    const killed = await leaderOf(`KV_${bucket}`)
    await server(killed).kill()
    const before = handovers
    await eventually(() => handovers > before + 3, 'the lease to go round again', 60_000)
    await server(killed).restart()
    end.abort()
    await Promise.all(contenders)
  }, 150_000)
})
