// Many clients at once: they join while messages flow, and their gateway is killed under them.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CampaignFeed } from '@peyk/client'
import type { CampaignId } from '@peyk/contracts'
import { eventually } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  samples,
  startGatewayFixture,
  timestamp,
  token,
} from './testing/gateway-fixture.ts'
import { connect, type TestMessage } from './testing/test-client.ts'

const CLIENTS = 2_000
const CAMPAIGNS = 100
const EVENTS_A_SECOND = 200
const JOINS = 300
const AT_ONCE = 20

let fixture: GatewayFixture
let gateway: GatewayProcess
let bearer: string
const start = (port?: number) =>
  fixture.startGateway({
    ...(port === undefined ? {} : { port }),
    environment: { WS_MAX_PER_USER: '5000', WS_MAX_PER_ADDRESS: '5000', LOG_LEVEL: 'error' },
  })

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await start()
  bearer = await token({}, '1h')
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

/** Runs the work for each item, some of them at a time. */
const forEach = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  const left = items.values()
  const worker = async () => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** The number that a message of the race carries. */
const numberOf = ({ data }: TestMessage): number =>
  Number((data['progress'] as { sent?: number } | undefined)?.sent ?? data['message'] ?? data['error'])

/** In turn: a counter and a status, which snapshots show, and an error, which they do not. */
const raceMessages = [
  (number: number) =>
    [
      'campaign_update',
      { ...samples.campaign_update, progress: { total: 1, sent: number, failed: 0, delivered: 0 } },
    ] as const,
  (number: number) => ['status_update', { status: 'running', message: String(number), timestamp }] as const,
  (number: number) => ['error_update', { error: String(number), timestamp }] as const,
]

test('[P9] hundreds join and leave in the middle of a flow: from its snapshot on each has no gap and no double', async () => {
  const id = await fixture.campaign()
  let isOn = true
  const publish = async (number: number) => {
    const [type, data] = raceMessages[number % raceMessages.length]?.(number) ?? ['error_update', {}]
    await fixture.publish(id, type, data)
  }
  for (const number of upTo(3)) await publish(number)
  const flow = (async () => {
    for (let number = 3; isOn; number += 1) await publish(number)
  })()
  // The campaign is forgotten when its last client leaves, so many of them are the first one of a new reading.
  await forEach(upTo(JOINS), async () => {
    const { messages, socket } = await connect(gateway.port, `campaignId=${id}&userId=1&token=${bearer}`)
    await eventually(() => messages.length >= 12, { what: 'a snapshot and ten live messages' })
    socket.close()
    const of = (type: string) => messages.filter((message) => message.type === type).map(numberOf)
    expect(messages.slice(0, 2).map(({ type }) => type)).toEqual(['campaign_update', 'status_update'])
    for (const numbers of [of('campaign_update'), of('status_update'), of('error_update')])
      expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index * raceMessages.length))
    // Of the errors only the one right after what the snapshot showed may have gone before the join.
    const shown = Math.max(...messages.slice(0, 2).map(numberOf))
    expect(of('error_update')[0]).toBeLessThanOrEqual(shown + 1 + raceMessages.length)
  })
  isOn = false
  await flow
}, 120_000)

interface Watcher {
  readonly feed: CampaignFeed
  readonly campaign: number
  readonly heard: number[]
  readonly recovered: boolean[]
}

const watch = async (campaign: number, campaignId: CampaignId): Promise<Watcher> => {
  const feed = new CampaignFeed({
    url: `ws://127.0.0.1:${gateway.port}`,
    campaignId,
    userId: 1,
    token: bearer,
    resume: true,
    reconnectDelayMs: 2_000,
    maxReconnectDelayMs: 2_000,
    maxReconnectAttempts: Infinity,
    jitter: 1,
  })
  const watcher: Watcher = { feed, campaign, heard: [], recovered: [] }
  feed.on('error_update', ({ error }) => void watcher.heard.push(Number(error)))
  feed.on('resumed', ({ recovered }) => void watcher.recovered.push(recovered))
  feed.connect()
  await eventually(() => feed.healthCheck(), { what: 'a connection', deadlineMs: 60_000 })
  return watcher
}

/** To each campaign in turn, as many a second as the machine can; answers what each was told. */
const startEvents = (ids: readonly CampaignId[]) => {
  const told = ids.map((): number[] => [])
  let isOn = true
  const startedAt = performance.now()
  const ended = (async () => {
    for (let number = 0; isOn; number += 1) {
      const campaign = number % ids.length
      const id = ids[campaign]
      if (id === undefined) return
      const waitMs = startedAt + (number * 1_000) / EVENTS_A_SECOND - performance.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      await fixture.publish(id, 'error_update', { error: String(number), timestamp })
      told[campaign]?.push(number)
    }
  })()
  return { told, stop: () => ((isOn = false), ended) }
}

test(`[P22] a gateway is killed under ${CLIENTS} clients and ${EVENTS_A_SECOND} events a second: all come back and miss nothing`, async () => {
  const ids: CampaignId[] = []
  while (ids.length < CAMPAIGNS) ids.push(await fixture.campaign())
  const watchers: Watcher[] = []
  await forEach(upTo(CLIENTS), async (index) => {
    const campaign = index % CAMPAIGNS
    const id = ids[campaign]
    if (id !== undefined) watchers.push(await watch(campaign, id))
  })
  const events = startEvents(ids)
  await eventually(() => watchers.every(({ heard }) => heard.length > 2), {
    what: 'everybody to have a position',
    deadlineMs: 60_000,
  })
  const killedAt = performance.now()
  await gateway.end('SIGKILL')
  gateway = await start(gateway.port)
  await eventually(() => watchers.every(({ recovered }) => recovered.length > 0), {
    what: 'everybody to be back',
    deadlineMs: 60_000,
  })
  process.stdout.write(
    `${CLIENTS} clients back after ${((performance.now() - killedAt) / 1_000).toFixed(1)} s\n`,
  )
  await events.stop()
  const complete = ({ campaign, heard }: Watcher) => heard.at(-1) === events.told[campaign]?.at(-1)
  await eventually(() => watchers.every(complete), { what: 'the last message', deadlineMs: 60_000 })
  for (const { campaign, heard, feed } of watchers) {
    expect(heard).toEqual(events.told[campaign])
    feed.close()
  }
  expect(new Set(watchers.flatMap(({ recovered }) => recovered))).toEqual(new Set([true]))
}, 240_000)
