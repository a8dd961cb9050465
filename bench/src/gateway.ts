// The figures of the live feed (design: goals). Fan-out is measured beside nats-server's own WebSocket listener, in the
// same run: the same clients, the same sizes, one after the other. Speeds tell of the whole machine, and of whatever
// else runs on it; the processor's time tells of the gateway.
import { type CampaignId, headers, subjects } from '@peyk/contracts'
import type { OutgoingMessage } from '@peyk/messaging'
import { freePort } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  startGatewayFixture,
  tenant,
  token,
} from '../../services/gateway/src/testing/gateway-fixture.ts'
import { type Load, residentBytes, startLoad, workedMicros } from './gateway/load-process.ts'
import { percentile, report } from './report.ts'

const CLIENTS = 2_000
/** Of them, those whose delays are read. */
const TIMED = 50
const IDLE_CLIENTS = 9_000
const UPGRADES = 6_000
const MESSAGE_BYTES = 300
const BURST = 100
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 10)
const TRICKLE_EVERY_MS = 20
const USERS = 100

const environment = {
  WS_MAX_PER_USER: '20000',
  WS_MAX_PER_ADDRESS: '20000',
  WS_PING_INTERVAL: '30s',
  LOG_LEVEL: 'error',
}

export async function run(): Promise<void> {
  const listener = await freePort()
  await using fixture = await startGatewayFixture({
    configuration: `websocket { listen: "127.0.0.1:${listener}", no_tls: true }`,
  })
  using load = startLoad()
  const campaignId = await fixture.campaign()
  const gateway = await fixture.startGateway({ environment })
  await upgrades(gateway, load, campaignId)
  await gateway.end()
  const ours = await ofGateway(fixture, load, campaignId)
  const theirs = await ofListener(fixture, load, listener)
  report('bursts: processor time for each delivery, to nats-server', ours.bursts / theirs.bursts, 'x', '<= 1')
  report('trickle: processor time for each delivery, to nats-server', ours.trickle / theirs.trickle, 'x')
  await idle(fixture, load, campaignId)
}

/** Tokens of many users; signing is not what is measured. */
const pathsOf = (campaignId: CampaignId): Promise<string[]> =>
  Promise.all(
    Array.from({ length: USERS }, async (_, index) => {
      const query = new URLSearchParams({
        campaignId: String(campaignId),
        userId: String(index),
        token: await token({ sub: String(index), roles: ['viewer'] }),
      })
      return `/ws/campaigns?${query.toString()}`
    }),
  )

async function upgrades({ port, pid }: GatewayProcess, load: Load, campaignId: CampaignId): Promise<void> {
  const dial = { port, paths: await pathsOf(campaignId), atOnce: 64 }
  // Once before, so that what is measured is compiled code.
  await load.dial({ ...dial, count: UPGRADES / 2 })
  await load.end()
  const worked = workedMicros(pid)
  const ms = await load.dial({ ...dial, count: UPGRADES })
  report('accepted upgrades', UPGRADES / (ms / 1_000), 'upgrades/s', '>= 3000')
  const each = (workedMicros(pid) - worked) / UPGRADES
  report('processor time for each upgrade', each, 'us', '<= 333')
  await load.end()
}

interface Cost {
  /** Microseconds of the processor for each delivery. */
  readonly bursts: number
  readonly trickle: number
}

async function ofGateway(fixture: GatewayFixture, load: Load, campaignId: CampaignId): Promise<Cost> {
  const gateway = await fixture.startGateway({ environment })
  const { port, pid } = gateway
  await load.dial({ port, paths: await pathsOf(campaignId), count: CLIENTS, atOnce: 64 })
  let count = 0
  const send = async (payloads: readonly Buffer[]) => {
    const messages = payloads.map((payload): OutgoingMessage => {
      const subject = subjects.live(tenant, campaignId, 'progress_update')
      return { subject, payload, headers: { [headers.liveCount]: String((count += 1)) } }
    })
    await fixture.publisher.publishAll(messages)
  }
  const cost = await fanOut('gateway', pid, load, send)
  using timer = startLoad()
  await timer.dial({ port, paths: await pathsOf(campaignId), count: TIMED, atOnce: 10 })
  await load.gulp(true)
  const delays = await timer.timed(() => trickle(send))
  report('p50 from publish to socket at 100,000 deliveries/s', percentile(delays, 0.5), 'ms')
  report('p99 from publish to socket at 100,000 deliveries/s', percentile(delays, 0.99), 'ms', '<= 50')
  await Promise.all([load.end(), timer.end()])
  await gateway.end()
  return cost
}

/** Its clients subscribe to a subject that nothing stores: what JetStream costs is not counted against it. */
async function ofListener({ server, nats }: GatewayFixture, load: Load, port: number): Promise<Cost> {
  const hello = 'CONNECT {"verbose":false,"pedantic":false}\r\nSUB bench.live 1\r\n'
  await load.dial({ port, paths: ['/'], count: CLIENTS, atOnce: 64, hello })
  // Each subscription is known when its connection has answered something sent after it.
  const cost = await fanOut('nats-server', server.pid, load, async (payloads) => {
    for (const payload of payloads) nats.connection.publish('bench.live', payload)
    await nats.connection.flush()
  })
  await load.end()
  return cost
}

type Send = (payloads: readonly Buffer[]) => Promise<void>

async function fanOut(name: string, pid: number, load: Load, send: Send): Promise<Cost> {
  for (let warm = 0; warm < 5; warm += 1) await burst(load, send)
  const startedAt = performance.now()
  let worked = workedMicros(pid)
  let deliveries = 0
  while (performance.now() - startedAt < SECONDS * 1_000) {
    await burst(load, send)
    deliveries += BURST * CLIENTS
  }
  const speed = deliveries / ((performance.now() - startedAt) / 1_000)
  const bursts = (workedMicros(pid) - worked) / deliveries
  report(`bursts, ${name}`, speed, 'deliveries/s', name === 'gateway' ? '>= 500000' : undefined)
  report(`bursts, ${name}: processor time for each delivery`, bursts, 'us')
  worked = workedMicros(pid)
  const sent = await trickle(send)
  const each = (workedMicros(pid) - worked) / (sent * CLIENTS)
  report(`trickle, ${name}: processor time for each delivery`, each, 'us')
  return { bursts, trickle: each }
}

let bursts = 0

async function burst(load: Load, send: Send): Promise<void> {
  const marker = `the end of burst ${(bursts += 1)}.`
  const { done } = await load.awaitMarker(marker)
  await send(Array.from({ length: BURST }, (_, index) => message(index === BURST - 1 ? marker : '')))
  await done
}

/** Answers how many messages it sent. */
async function trickle(send: Send): Promise<number> {
  const startedAt = performance.now()
  let sent = 0
  for (; sent * TRICKLE_EVERY_MS < SECONDS * 1_000; sent += 1) {
    const waitMs = startedAt + sent * TRICKLE_EVERY_MS - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    await send([message('')])
  }
  return sent
}

/** A message of the feed, filled up to its size. */
const message = (marker: string): Buffer => {
  const stamp = (Number(process.hrtime.bigint()) / 1e6).toFixed(3)
  const data = { progress: { sent: 1, total: 2, current: '0912' }, stamp, marker, filler: '' }
  const filler = '.'.repeat(MESSAGE_BYTES - JSON.stringify(data).length)
  return Buffer.from(JSON.stringify({ ...data, filler }))
}

async function idle(fixture: GatewayFixture, load: Load, campaignId: CampaignId): Promise<void> {
  const gateway = await fixture.startGateway({ environment })
  const { port, pid } = gateway
  const paths = await pathsOf(campaignId)
  // What the first connections load and compile is not counted.
  await load.dial({ port, paths, count: USERS, atOnce: 10 })
  await settle()
  const before = residentBytes(pid)
  await load.dial({ port, paths, count: IDLE_CLIENTS, atOnce: 64 })
  await settle()
  report(
    'memory for each idle connection',
    (residentBytes(pid) - before) / IDLE_CLIENTS / 1024,
    'KiB',
    '<= 12',
  )
  await load.end()
  await gateway.end()
}

const settle = () => new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000))
