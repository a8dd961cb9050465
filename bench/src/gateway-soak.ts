// `npm run bench -- gateway-soak [MINUTES]`: a gateway under churn for a long time. Memory and handles must stay flat,
// the standing clients must miss nothing, and the owner's 30 s between pings are waited for. Ends with status 1 if not.
import { readdirSync } from 'node:fs'

import { CampaignFeed } from '@peyk/client'
import type { CampaignId } from '@peyk/contracts'

import {
  collectable,
  type GatewayFixture,
  type GatewayProcess,
  heldMiB,
  startGatewayFixture,
  timestamp,
  token,
} from '../../services/gateway/src/testing/gateway-fixture.ts'
import { connect } from '../../services/gateway/src/testing/test-client.ts'
import { startChurn } from './gateway/churn.ts'
import { residentBytes } from './gateway/load-process.ts'
import { report } from './report.ts'
import { slopeOf } from './gateway/slope.ts'

const DEFAULT_MINUTES = 20
const CAMPAIGNS = 20
const STANDING = 200
const EVENTS_A_SECOND = 100
const CONNECTIONS_A_SECOND = 50
const SAMPLE_MS = 10_000
/** What the first minutes load, compile and make room for is no leak: they are left out. */
const WARM_SHARE = 1 / 3
const MINUTE_MS = 60_000

/**
 * A young generation may take 64 MiB, of which a process that is collected every ten seconds touches a little more each
 * time: that grew by 1.2 MiB/min and was no leak. A small one is touched whole in the first second.
 */
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=2'
const environment = {
  NODE_OPTIONS: `${collectable.NODE_OPTIONS} ${SMALL_YOUNG_GENERATION}`,
  WS_MAX_PER_USER: '20000',
  WS_MAX_PER_ADDRESS: '20000',
  // The defaults of production: it is these that are waited for.
  WS_PING_INTERVAL: '30s',
  WS_DRAIN_SPREAD: '1s',
  LOG_LEVEL: 'error',
}

export async function run(minutes = String(DEFAULT_MINUTES)): Promise<void> {
  const endsAt = performance.now() + Number(minutes) * MINUTE_MS
  await using fixture = await startGatewayFixture()
  const gateway = await fixture.startGateway({ environment })
  const ids: CampaignId[] = []
  while (ids.length < CAMPAIGNS) ids.push(await fixture.campaign())
  for (const id of ids) await fixture.publish(id, 'campaign_update')
  const atRest = handlesOf(gateway)

  const standing = await stand(gateway, ids)
  const events = startEvents(fixture, ids)
  const churn = await startChurn(gateway, ids, CONNECTIONS_A_SECOND)
  const samples = await sample(gateway, endsAt)
  const dialled = await churn.stop()
  await events.stop()
  await settled(() => standing.every(({ last, campaign }) => last() === events.sent(campaign)))
  tellGrowth(samples, Number(minutes))
  tellClients(standing, dialled, events.total())

  for (const { close } of standing) close()
  await settled(async () => (await connectionsOf(gateway)) === 0)
  await settled(() => handlesOf(gateway) <= atRest + SPARE_HANDLES)
  report(
    'open files when all are gone, more than before',
    handlesOf(gateway) - atRest,
    '',
    `<= ${SPARE_HANDLES}`,
  )
}

/** Connections of the metrics' scrapes that are still kept alive. */
const SPARE_HANDLES = 3
const handlesOf = ({ pid }: GatewayProcess): number => readdirSync(`/proc/${pid}/fd`).length

/** Of both protocols. */
const connectionsOf = async (gateway: GatewayProcess): Promise<number> =>
  sumOf(
    [...(await gateway.metrics()).matchAll(/^ws_gateway_connections{[^}]*} (\S+)$/gm)].map(([, value]) =>
      Number(value),
    ),
  )

/** Whether it came to hold within half a minute; the report tells what did not. */
const settled = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 300 && !(await holds()); attempt += 1) await pause(100)
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Standing {
  readonly campaign: number
  /** The number that it heard last. */
  readonly last: () => number
  /** Numbers that did not follow the one before. */
  readonly breaks: () => number
  /** Seconds from its connection to its first ping; undefined of a client that does not tell. */
  readonly firstPing: () => number | undefined
  readonly isOpen: () => boolean
  readonly close: () => void
}

/** One number after the other, from the first that is heard on. */
const followed = () => {
  let [last, breaks] = [0, 0]
  const hear = (number: number) => {
    if (last !== 0 && number !== last + 1) breaks += 1
    last = number
  }
  return { hear, last: () => last, breaks: () => breaks }
}

/** Half of them as the owner's class: they answer no ping in text. The others resume, each time their token ends. */
const stand = async (gateway: GatewayProcess, ids: readonly CampaignId[]): Promise<Standing[]> => {
  const bearer = await token({}, '10h')
  const standing: Standing[] = []
  for (let index = 0; standing.length < STANDING; index += 1) {
    const campaign = index % ids.length
    const id = ids[campaign]
    if (id === undefined) break
    const isPlain = Math.floor(index / ids.length) % 2 === 0
    standing.push(
      isPlain ? await standPlain(gateway, campaign, id, bearer) : standResuming(gateway, campaign, id),
    )
  }
  return standing
}

const standPlain = async (
  { port }: GatewayProcess,
  campaign: number,
  id: CampaignId,
  bearer: string,
): Promise<Standing> => {
  const { socket } = await connect(port, `campaignId=${id}&userId=1&token=${bearer}`)
  const openedAt = performance.now()
  const { hear, last, breaks } = followed()
  let firstPing: number | undefined
  // Instead of the client's own listener, which keeps every message.
  socket.onmessage = ({ data }) => {
    const text = String(data)
    if (text === 'ping') firstPing ??= (performance.now() - openedAt) / 1_000
    else if (text.includes('error_update'))
      hear(Number((JSON.parse(text) as { data: { error: string } }).data.error))
  }
  const isOpen = () => socket.readyState === WebSocket.OPEN
  return { campaign, last, breaks, isOpen, firstPing: () => firstPing, close: () => socket.close() }
}

const standResuming = ({ port }: GatewayProcess, campaign: number, id: CampaignId): Standing => {
  const feed = new CampaignFeed({
    url: `ws://127.0.0.1:${port}`,
    campaignId: id,
    userId: 1,
    token: () => token({}, '1m'),
    resume: true,
  })
  const { hear, last, breaks } = followed()
  feed.on('error_update', ({ error }) => hear(Number(error)))
  feed.connect()
  const isOpen = () => feed.healthCheck()
  return { campaign, last, breaks, isOpen, firstPing: () => undefined, close: () => feed.close() }
}

const startEvents = (fixture: GatewayFixture, ids: readonly CampaignId[]) => {
  const sent = ids.map(() => 0)
  let [isOn, total] = [true, 0]
  const startedAt = performance.now()
  const ended = (async () => {
    for (; isOn; total += 1) {
      const campaign = total % ids.length
      const [id, number] = [ids[campaign], (sent[campaign] ?? 0) + 1]
      if (id === undefined) return
      await pause(Math.max(0, startedAt + (total * 1_000) / EVENTS_A_SECOND - performance.now()))
      await fixture.publish(id, 'error_update', { error: String(number), timestamp })
      sent[campaign] = number
    }
  })()
  const stop = () => ((isOn = false), ended)
  return { sent: (campaign: number) => sent[campaign], total: () => total, stop }
}

interface Sample {
  readonly minutes: number
  readonly heldMiB: number
  readonly residentMiB: number
  readonly handles: number
  readonly connections: number
}

const sample = async (gateway: GatewayProcess, endsAt: number): Promise<Sample[]> => {
  const samples: Sample[] = []
  const startedAt = performance.now()
  while (performance.now() < endsAt) {
    await pause(SAMPLE_MS)
    // Its garbage is collected first: else it is the engine's patience that is measured.
    const held = await heldMiB(gateway)
    samples.push({
      heldMiB: held,
      minutes: (performance.now() - startedAt) / MINUTE_MS,
      residentMiB: residentBytes(gateway.pid) / 1024 ** 2,
      handles: handlesOf(gateway),
      connections: await connectionsOf(gateway),
    })
  }
  return samples
}

/** 300 KiB a minute are 100 bytes for each connection that came and went. */
const MOST_GROWTH_KIB = 300

const memories: readonly (readonly [string, (each: Sample) => number])[] = [
  ['memory held', ({ heldMiB: held }) => held],
  ['resident memory', ({ residentMiB }) => residentMiB],
]

const tellGrowth = (samples: readonly Sample[], minutes: number): void => {
  const warm = samples.filter((each) => each.minutes > minutes * WARM_SHARE)
  const slope = (read: (each: Sample) => number) => slopeOf(warm.map((each) => [each.minutes, read(each)]))
  const first = warm[0]
  const last = warm.at(-1)
  if (first === undefined || last === undefined) throw new Error('too short to tell anything')
  report('minutes', minutes, 'min')
  for (const [name, read] of memories) {
    report(`${name}, when warm`, read(first), 'MiB')
    report(`${name}, at the end`, read(last), 'MiB')
    report(`growth of ${name}`, slope(read) * 1024, 'KiB/min', `<= ${MOST_GROWTH_KIB}`)
  }
  // Less than what is connected: their number itself moves.
  report(
    'growth of open files besides connections',
    slope(({ handles, connections }) => handles - connections),
    '1/min',
    '<= 0.5',
  )
}

const tellClients = (standing: readonly Standing[], dialled: number, events: number): void => {
  const firstPings = standing.flatMap(({ firstPing }) => firstPing() ?? [])
  report('connections that came and went', dialled, '')
  report('events', events, '')
  report(
    'messages missing or twice, to the standing clients',
    sumOf(standing.map(({ breaks }) => breaks())),
    '',
    '<= 0',
  )
  report(
    'standing clients that are not connected',
    standing.filter(({ isOpen }) => !isOpen()).length,
    '',
    '<= 0',
  )
  report('clients that were pinged', firstPings.length, '', `>= ${STANDING / 2}`)
  report('the earliest first ping', Math.min(...firstPings), 's', '>= 28')
  report('the latest first ping', Math.max(...firstPings), 's', '<= 32')
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)
