// @peyk/client against the real gateway.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import {
  CampaignFeed,
  type CampaignFeedEvents,
  type CampaignFeedOptions,
  WebSocketMonitor,
} from '@peyk/client'
import { liveMessageTypes } from '@peyk/contracts'
import { eventually, freePort, watchLeaks } from '@peyk/testing'
import { WebSocketServer } from 'ws'

import {
  type GatewayFixture,
  type GatewayProcess,
  samples,
  startGatewayFixture,
  timestamp,
  token,
} from './testing/gateway-fixture.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess
const feeds: CampaignFeed[] = []

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway()
}, 60_000)
afterEach(() => feeds.splice(0).forEach((feed) => feed.close()))
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

type Told = { readonly [Name in keyof CampaignFeedEvents]: CampaignFeedEvents[Name][] }

/** A feed with short delays, and all that it tells. */
const feedOf = (options: Partial<CampaignFeedOptions> & { readonly campaignId: number }) => {
  const feed = new CampaignFeed({
    url: `ws://127.0.0.1:${gateway.port}`,
    userId: 1,
    token: () => token(),
    reconnectDelayMs: 20,
    ...options,
  })
  feeds.push(feed)
  const names = [...liveMessageTypes, 'open', 'close', 'reconnecting', 'stopped', 'error', 'unknown'] as const
  const told = Object.fromEntries(names.map((name) => [name, []])) as unknown as Told
  for (const name of names) feed.on(name, (value) => void (told[name] as unknown[]).push(value))
  return { feed, told }
}

describe('@peyk/client', () => {
  test('tells each message by its type, and counts', async () => {
    const campaignId = await fixture.campaign()
    const monitor = new WebSocketMonitor()
    const { feed, told } = feedOf({ campaignId, monitor })
    expect(feed.healthCheck()).toBe(false)
    feed.connect()
    await eventually(() => feed.healthCheck(), { what: 'the connection' })
    for (const type of liveMessageTypes) await fixture.publish(campaignId, type)
    await eventually(() => told.completion_update.length === 1, { what: 'the last message' })
    for (const type of liveMessageTypes) expect(told[type]).toEqual([samples[type]])
    expect(monitor).toMatchObject({ connectionCount: 1, messageCount: 6, errorCount: 0 })
  })

  test('a listener that was taken back hears no more', async () => {
    const campaignId = await fixture.campaign()
    const { feed, told } = feedOf({ campaignId })
    const heard: string[] = []
    const off = feed.on('error_update', ({ error }) => void heard.push(error))
    feed.connect()
    await eventually(() => told.open.length === 1, { what: 'the connection' })
    await fixture.publish(campaignId, 'error_update', { error: '1', timestamp })
    await eventually(() => heard.length === 1, { what: 'the first' })
    off()
    await fixture.publish(campaignId, 'error_update', { error: '2', timestamp })
    await eventually(() => told.error_update.length === 2, { what: 'the second' })
    expect(heard).toEqual(['1'])
  })

  test('gets a new token when the old one ends', async () => {
    const campaignId = await fixture.campaign()
    let tokens = 0
    const { feed, told } = feedOf({ campaignId, token: () => token({}, (tokens += 1) === 1 ? '2s' : '10m') })
    feed.connect()
    await eventually(() => told.open.length === 2, { what: 'the second connection' })
    expect(told.close[0]?.code).toBe(4401)
    expect(tokens).toBe(2)
  })

  test('with one token it stops at the end of it', async () => {
    const { feed, told } = feedOf({ campaignId: await fixture.campaign(), token: await token({}, '2s') })
    feed.connect()
    await eventually(() => told.stopped.length === 1, { what: 'the end' })
    expect(told.stopped).toEqual([{ why: 'the token is not valid any more' }])
    expect(feed.healthCheck()).toBe(false)
  })

  test('refused, it tries as often as it may, says why, and stops', async () => {
    const { feed, told } = feedOf({ campaignId: await fixture.campaign(), token: 'x.y.z' })
    feed.connect()
    await eventually(() => told.stopped.length === 1, { what: 'the end' })
    expect(told.reconnecting.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5])
    expect(told.reconnecting.map(({ delayMs }) => delayMs)).toEqual([20, 40, 60, 80, 100])
    await eventually(() => told.error.length > 0, { what: 'the reason' })
    expect(told.error[0]?.code).toBe('REFUSED')
  })

  test.each([
    [
      'ECONNREFUSED',
      async () => `ws://127.0.0.1:${await freePort()}`,
      'Connection refused: nothing listens there',
    ],
    ['ENOTFOUND', () => Promise.resolve('ws://nobody.invalid'), 'Host not found'],
  ])('%s in plain words', async (code, url, message) => {
    const { feed, told } = feedOf({ campaignId: 1, url: await url(), maxReconnectAttempts: 1 })
    feed.connect()
    await eventually(() => told.error.length > 0 || undefined, { what: 'the reason' })
    expect([told.error[0]?.code, told.error[0]?.message]).toEqual([code, message])
  })

  test('a token that cannot be had is an error, and tried again', async () => {
    const { feed, told } = feedOf({
      campaignId: 1,
      token: () => Promise.reject(new Error('no')),
      maxReconnectAttempts: 2,
    })
    feed.connect()
    await eventually(() => told.stopped.length === 1, { what: 'the end' })
    expect(told.error.map(({ code }) => code)).toEqual(['TOKEN', 'TOKEN', 'TOKEN'])
  })

  test('silence is noticed', async () => {
    const { feed, told } = feedOf({ campaignId: await fixture.campaign(), maxSilenceMs: 200 })
    feed.connect()
    await eventually(() => told.error.some(({ code }) => code === 'SILENT'), { what: 'the silence' })
    await eventually(() => told.open.length >= 2, { what: 'another connection' })
  })

  test('a message of another campaign is refused, and ends the feed', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) =>
      socket.send(JSON.stringify({ type: 'error_update', campaignId: 2, data: samples.error_update })),
    )
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { feed, told } = feedOf({ campaignId: 1, url: `ws://127.0.0.1:${port}` })
    feed.connect()
    await eventually(() => told.stopped.length === 1, { what: 'the end' })
    expect(told.error.map(({ code }) => code)).toEqual(['FOREIGN_CAMPAIGN'])
    expect([told.error_update, told.reconnecting, feed.healthCheck()]).toEqual([[], [], false])
    server.close()
  })

  test('close ends reconnecting and leaves no timer, socket or listener', async () => {
    const campaignId = await fixture.campaign()
    const leaks = watchLeaks()
    const { feed, told } = feedOf({ campaignId })
    feed.connect().connect()
    await eventually(() => told.open.length === 1, { what: 'the connection' })
    feed.close()
    expect(feed.healthCheck()).toBe(false)
    const waiting = feedOf({
      campaignId: 1,
      url: `ws://127.0.0.1:${await freePort()}`,
      reconnectDelayMs: 60_000,
    })
    waiting.feed.connect()
    await eventually(() => waiting.told.reconnecting.length === 1, { what: 'a delay' })
    waiting.feed.close()
    await leaks.expectNone()
    expect(told.close).toEqual([])
  })
})
