// Three real nats-servers that replicate, for tests of what happens when one of them is gone.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

import { connectNats } from '../connection.ts'
import { askJetStream } from '../jetstream-api.ts'
import { type NatsServer, startNatsServer } from './start-server.ts'

/** Servers of one cluster; `url` names them all. */
export interface NatsCluster {
  readonly url: string
  /** By server name: `n1`, `n2`, `n3`. */
  readonly servers: ReadonlyMap<string, NatsServer>
  dispose(): Promise<void>
}

/** Starts three nodes and waits until they have a leader. */
export async function startNatsCluster(): Promise<NatsCluster> {
  const names = ['n1', 'n2', 'n3']
  const clusterPorts = await freePorts(names.length)
  const routes = clusterPorts.map((port) => `nats://127.0.0.1:${port}`)
  const members = names.map((serverName, index) => ({
    serverName,
    clusterPort: clusterPorts[index] ?? 0,
    routes,
  }))
  const started = await Promise.all(members.map((cluster) => startNatsServer({ cluster })))
  const url = started.map((server) => server.url).join(',')
  await untilThereIsALeader(url)
  return {
    url,
    servers: new Map(started.map((server, index) => [names[index] ?? '', server])),
    dispose: async () => {
      await Promise.all(started.map((server) => server.dispose()))
    },
  }
}

async function untilThereIsALeader(url: string): Promise<void> {
  const nats = await connectNats({ url, name: 'start' })
  try {
    await askJetStream(nats, 'STREAM.NAMES', undefined, { timeoutMs: 30_000 })
  } finally {
    await nats.close()
  }
}

/** Below the ports that systems hand out to connections; all are held until all are known, so that no two are the same. */
async function freePorts(count: number): Promise<readonly number[]> {
  const held = new Map<number, Server>()
  while (held.size < count) {
    const port = randomInt(10_000, 32_000)
    const server = createServer()
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening')
      held.set(port, server)
    } catch {
      // Taken: another one.
    }
  }
  await Promise.all([...held.values()].map((server) => once(server.close(), 'close')))
  return [...held.keys()]
}
