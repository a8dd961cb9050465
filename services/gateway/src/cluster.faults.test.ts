// A gateway on three replicas: whoever of them goes, every client gets what was acknowledged, once and in order.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { type ClusterFixture, type GatewayProcess, startClusterFixture } from './testing/gateway-fixture.ts'
import { expectNothingLost } from './testing/oracle.ts'

/** The goal is 3 s; the bound leaves room for a machine that does other work. */
const MOST_BLIND_MS = 15_000

let fixture: ClusterFixture
let gateway: GatewayProcess
beforeAll(async () => {
  fixture = await startClusterFixture()
}, 120_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 60_000)

const node = (name: string) => {
  const found = fixture.cluster.servers.get(name)
  if (found === undefined) throw new Error(`no node is called ${name}`)
  return found
}

interface Replicas {
  readonly leader?: string
  readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[]
}

const ask = async <T>(call: string): Promise<T> => (await fixture.nats.request(`$JS.API.${call}`)).json<T>()

const liveReplicas = async (): Promise<Replicas> =>
  (await ask<{ readonly cluster?: Replicas }>('STREAM.INFO.LIVE')).cluster ?? {}

const streamLeader = async (): Promise<string> => (await liveReplicas()).leader ?? ''

interface FeedConsumer {
  readonly created: string
  readonly cluster?: Replicas
}

/** The gateway is the only one that reads the stream; what its earlier consumers left may still be listed. */
const feedServer = async (): Promise<string> => {
  const { consumers } = await ask<{ readonly consumers: readonly FeedConsumer[] }>('CONSUMER.LIST.LIVE')
  return consumers.toSorted((a, b) => b.created.localeCompare(a.created))[0]?.cluster?.leader ?? ''
}

/** Told by the logs alone, to whoever is no user of the system account: the newest of such lines. */
const metaLeader = async (): Promise<string> => {
  const elections = await Promise.all(
    [...fixture.cluster.servers].map(async ([name, { storeDir }]) => {
      const log = await readFile(join(storeDir, 'nats-server.log'), 'utf8')
      const line = log
        .split('\n')
        .findLast((each) => each.includes('Self is new JetStream cluster metadata leader'))
      return { name, at: /\d{4}\/\S+ \S+/.exec(line ?? '')?.[0] ?? '' }
    }),
  )
  return elections.toSorted((a, b) => b.at.localeCompare(a.at))[0]?.name ?? ''
}

/** Else the next fault would find one replica of three. */
const untilWhole = () =>
  eventually(
    async () => {
      const { leader, replicas = [] } = await liveReplicas()
      return leader !== undefined && replicas.length === 2 && replicas.every(({ current }) => current)
    },
    { what: 'three current replicas', deadlineMs: 60_000 },
  )

/** A node that the publisher is not connected to: what it publishes must go on being acknowledged. */
const awayFromPublisher = (): string =>
  [...fixture.cluster.servers].find(
    ([, { port }]) => !fixture.nats.connection.getServer().endsWith(`:${port}`),
  )?.[0] ?? ''

/** A gateway on a node; the other ones it learns of. */
const startGatewayOn = (name: string) =>
  // The server of the tests may be older than what the gateway takes for safe with three replicas.
  fixture.startGateway({
    natsUrl: node(name).url,
    environment: { WS_MAX_PER_USER: '50', LOG_LEVEL: 'error' },
  })

const resets = async (): Promise<number> =>
  [...(await gateway.metrics()).matchAll(/^ws_gateway_consumer_resets_total{[^}]*} (\d+)$/gm)].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )

interface Role {
  readonly name: string
  readonly holder: (home: string) => string | Promise<string>
  readonly fault: 'kill' | 'freeze'
  /** Whether the feed has to begin anew with it. */
  readonly endsFeed: boolean
}

const roles: readonly Role[] = [
  {
    name: 'the node that the gateway is connected to',
    fault: 'kill',
    holder: (home) => home,
    endsFeed: true,
  },
  {
    name: 'the node that the gateway is connected to',
    fault: 'freeze',
    holder: (home) => home,
    endsFeed: true,
  },
  { name: "the server of the feed's consumer", fault: 'kill', holder: feedServer, endsFeed: true },
  { name: "the stream's leader", fault: 'kill', holder: streamLeader, endsFeed: false },
  { name: 'the leader of the cluster', fault: 'kill', holder: metaLeader, endsFeed: false },
]

describe('[P9] the oracle on three replicas: 0 missing, 0 double, in order, nobody disconnected', () => {
  test.each(roles)(
    '$fault: $name',
    async ({ name, fault, holder, endsFeed }) => {
      await untilWhole()
      const home = awayFromPublisher()
      gateway = await startGatewayOn(home)
      let lost = ''
      const blindMs = await expectNothingLost(fixture, gateway, async () => {
        lost = await holder(home)
        if (fault === 'freeze') node(lost).freeze()
        else await node(lost).kill()
      })
      process.stdout.write(`${fault}, ${name}: at most ${blindMs.toFixed(0)} ms from publisher to client\n`)
      expect(blindMs).toBeLessThan(MOST_BLIND_MS)
      if (endsFeed) expect(await resets()).toBeGreaterThan(0)
      await gateway.end()
      if (fault === 'freeze') node(lost).thaw()
      else await node(lost).restart()
    },
    120_000,
  )
})
