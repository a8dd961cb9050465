// The gateway as a process of its own on a real nats-server, with real WebSocket clients.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CampaignId, type LiveMessageType, natsTopology } from '@peyk/contracts'
import { ensureStreams } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import {
  type Claims,
  type GatewayFixture,
  type GatewayProcess,
  samples,
  startGatewayFixture,
  timestamp,
  token,
} from './testing/gateway-fixture.ts'
import { connect as connectTo, refusal as refusalOf } from './testing/test-client.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway()
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

const campaign = (ownerId?: string) => fixture.campaign(ownerId)
const publish: GatewayFixture['publish'] = (...message) => fixture.publish(...message)
const connect = (query: string, protocols?: string[]) => connectTo(gateway.port, query, protocols)
const refusal = (path: string, extra?: Record<string, string>) => refusalOf(gateway.port, path, extra)
const enter = async (id: CampaignId, claims: Claims = {}, ends?: string) =>
  connect(`campaignId=${id}&userId=${claims.sub ?? '1'}&token=${await token(claims, ends)}`)

describe('messages', () => {
  test('[P7] all six types arrive with the campaign they belong to, and only they', async () => {
    const [id, other] = [await campaign(), await campaign()]
    const client = await enter(id)
    for (const type of Object.keys(samples) as LiveMessageType[]) {
      await publish(other, type)
      await publish(id, type)
    }
    await eventually(() => client.messages.length === 6, { what: 'six messages' })
    for (const message of client.messages)
      expect(message).toEqual({
        type: message.type,
        campaignId: id,
        data: samples[message.type as LiveMessageType],
      })
    client.socket.close()
  })

  test('[P8] a new client gets the newest state first, then status, QR and completion in the order of the stream', async () => {
    const id = await campaign()
    await publish(id, 'status_update', { status: 'connecting', message: 'x', timestamp })
    await publish(id, 'status_update')
    await publish(id, 'progress_update')
    await publish(id, 'completion_update')
    await publish(id, 'qr_code')
    await publish(id, 'campaign_update', { ...samples.campaign_update, status: 'COMPLETED' })
    const client = await enter(id)
    await eventually(() => client.messages.length >= 4, { what: 'the snapshot' })
    const types = client.messages.map(({ type }) => type)
    expect(types[0]).toBe('campaign_update')
    expect(new Set(types)).toEqual(
      new Set(['campaign_update', 'status_update', 'completion_update', 'qr_code']),
    )
    expect(types.indexOf('status_update')).toBeLessThan(types.indexOf('completion_update'))
    expect(client.messages.find(({ type }) => type === 'status_update')?.data).toEqual(samples.status_update)
    client.socket.close()
  })

  test('[P8] a completion is shown only of a campaign that has ended', async () => {
    const id = await campaign()
    await publish(id, 'completion_update')
    await publish(id, 'campaign_update')
    const client = await enter(id)
    await eventually(() => client.messages.length >= 1, { what: 'the snapshot' })
    await publish(id, 'error_update')
    await eventually(() => client.messages.some(({ type }) => type === 'error_update'), {
      what: 'a live message',
    })
    expect(client.messages.map(({ type }) => type)).toEqual(['campaign_update', 'error_update'])
    client.socket.close()
  })

  test('[P9] joining while messages flow leaves no gap and no double', async () => {
    const id = await campaign()
    const count = 300
    const flow = (async () => {
      for (let sent = 1; sent <= count; sent += 1)
        await publish(id, 'error_update', { error: String(sent), timestamp })
    })()
    const clients = await Promise.all(
      [1, 2, 3].map((sub) => enter(id, { sub: String(sub), roles: ['viewer'] })),
    )
    await flow
    for (const { messages, socket } of clients) {
      await eventually(() => messages.at(-1)?.data['error'] === String(count), { what: 'the last message' })
      const numbers = messages.map(({ data }) => Number(data['error']))
      expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
      socket.close()
    }
  })

  test('[P10] a viewer and a token of single campaigns never see the QR', async () => {
    const id = await campaign()
    await publish(id, 'qr_code')
    const clients = [await enter(id, { sub: '9', roles: ['viewer'] }), await enter(id, { campaigns: [id] })]
    await publish(id, 'qr_code')
    await publish(id, 'error_update')
    for (const { messages, socket } of clients) {
      await eventually(() => messages.length > 0, { what: 'the live message' })
      expect(messages.map(({ type }) => type)).toEqual(['error_update'])
      socket.close()
    }
  })
})

describe('the door', () => {
  test.each(['userId=1', 'campaignId=0&userId=1', 'campaignId=1', 'campaignId=1&campaignId=1&userId=1'])(
    '[P2] 400: %s',
    async (query) =>
      expect(await refusal(`/ws/campaigns?${query}`)).toEqual({ status: 400, code: 'invalid_request' }),
  )
  test('[P3] campaign-updates is echoed, another alone is refused', async () => {
    const id = await campaign()
    const query = `campaignId=${id}&userId=1&token=${await token()}`
    const client = await connect(query, ['other', 'campaign-updates'])
    expect(client.socket.protocol).toBe('campaign-updates')
    client.socket.close()
    expect((await refusal(`/ws/campaigns?${query}`, { 'sec-websocket-protocol': 'other' })).status).toBe(400)
  })
  test('[P4] no token, a bad one, an expired one: 401', async () => {
    const id = await campaign()
    const path = `/ws/campaigns?campaignId=${id}&userId=1`
    expect(await refusal(path)).toEqual({ status: 401, code: 'unauthorized' })
    expect(await refusal(`${path}&token=x.y.z`)).toEqual({ status: 401, code: 'unauthorized' })
    expect(await refusal(`${path}&token=${await token({}, '-1s')}`)).toEqual({
      status: 401,
      code: 'token_expired',
    })
  })
  test('[P2] the userId of another user: 403', async () => {
    const id = await campaign()
    expect((await refusal(`/ws/campaigns?campaignId=${id}&userId=2&token=${await token()}`)).status).toBe(403)
  })
  test("[P4] another tenant's campaign, another member's and none look the same: 404", async () => {
    const id = await campaign()
    const missing = { status: 404, code: 'campaign_not_found' }
    const ask = async (campaignId: number, claims: Claims) =>
      refusal(
        `/ws/campaigns?campaignId=${campaignId}&userId=${claims.sub ?? '1'}&token=${await token(claims)}`,
      )
    expect(await ask(id, { tenant: 'globex', roles: ['admin'] })).toEqual(missing)
    expect(await ask(id, { sub: '2' })).toEqual(missing)
    expect(await ask(999_999, {})).toEqual(missing)
  })
  test('[P4] an origin that is not ours: 403', async () => {
    const id = await campaign()
    const path = `/ws/campaigns?campaignId=${id}&userId=1&token=${await token()}`
    expect((await refusal(path, { origin: 'https://evil.example' })).status).toBe(403)
  })
  test('[P1] the token may stand in a header', async () => {
    const id = await campaign()
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/ws/campaigns?campaignId=${id}&userId=1`, {
      headers: { authorization: `Bearer ${await token()}` },
    })
    await new Promise((resolve, reject) => {
      socket.onopen = resolve
      socket.onerror = reject
    })
    socket.close()
  })
  test('[P16] the sixth connection of a user is refused, and a place is free again after a close', async () => {
    const id = await campaign()
    const claims = { sub: 'many', roles: ['viewer'] }
    const clients = await Promise.all(Array.from({ length: 5 }, () => enter(id, claims)))
    await expect(enter(id, claims)).rejects.toThrow('refused')
    clients[0]?.socket.close()
    await eventually(() => enter(id, claims).then(({ socket }) => (socket.close(), true)), {
      what: 'a free place',
    })
    for (const { socket } of clients) socket.close()
  })
})

describe('liveness and limits', () => {
  test('[P16] the most connections of requests are no limit of live ones', async () => {
    const id = await campaign()
    const small = await fixture.startGateway({ environment: { HTTP_MAX_CONNECTIONS: '2' } })
    const query = `campaignId=${id}&userId=1&token=${await token()}`
    const clients = await Promise.all(Array.from({ length: 5 }, () => connectTo(small.port, query)))
    for (const { socket } of clients) socket.close()
    await small.end()
  })
  test('[P12] every interval a ping; who never answers the text stays', async () => {
    const client = await enter(await campaign())
    await eventually(() => client.pings() >= 3, { what: 'three pings' })
    expect(client.socket.readyState).toBe(WebSocket.OPEN)
    client.socket.close()
  })
  test('[P13] at the end of its token a client is closed with 4401', async () => {
    const client = await enter(await campaign(), {}, '2s')
    expect((await client.closed).code).toBe(4401)
  })
  test('[P14] a binary message: 1003; unknown texts: 4400; too many: 4429; too large: closed', async () => {
    const id = await campaign()
    const [binary, unknown, many, large] = [
      await enter(id),
      await enter(id),
      await enter(id),
      await enter(id),
    ]
    binary.socket.send(new Uint8Array([1]))
    for (let index = 0; index < 5; index += 1) unknown.socket.send('hello')
    for (let index = 0; index < 20; index += 1) many.socket.send('pong')
    large.socket.send('x'.repeat(1_025))
    expect((await binary.closed).code).toBe(1003)
    expect([4400, 4429]).toContain((await unknown.closed).code)
    expect((await many.closed).code).toBe(4429)
    expect((await large.closed).code).toBe(1009)
  })
})

describe('trouble', () => {
  test('[P9] nats-server killed and restarted: nothing is lost, nothing twice', async () => {
    const id = await campaign()
    const client = await enter(id)
    await publish(id, 'error_update', { error: '1', timestamp })
    await eventually(() => client.messages.length === 1, { what: 'the message before' })
    await fixture.server.kill()
    await fixture.server.restart()
    await fixture.nats.whenConnected(10_000)
    // What lives in memory alone is gone with the process: it is made again by its owner.
    await ensureStreams(fixture.nats, natsTopology(1), { role: 'owner' })
    await publish(id, 'error_update', { error: '2', timestamp })
    await eventually(() => client.messages.length >= 2, { deadlineMs: 15_000, what: 'the message after' })
    expect(client.messages.map(({ data }) => data['error'])).toEqual(['1', '2'])
    client.socket.close()
  }, 40_000)

  test('[P17] on a stop every client gets 1012 with a delay', async () => {
    const id = await campaign()
    const second = await fixture.startGateway()
    const client = await connectTo(second.port, `campaignId=${id}&userId=1&token=${await token()}`)
    await second.end()
    const { code, reason } = await client.closed
    expect([code, (JSON.parse(reason) as { c: string }).c]).toEqual([1012, 'restart'])
  }, 30_000)
})
