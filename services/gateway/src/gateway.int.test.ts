// The gateway as a process of its own on a real nats-server, with real WebSocket clients.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  campaignIdSchema,
  feedInstant,
  headers,
  keys,
  type LiveMessageType,
  natsTopology,
  subjects,
  tenantIdSchema,
} from '@peyk/contracts'
import {
  connectNats,
  createPublisher,
  ensureStreams,
  type Nats,
  type NatsServer,
  openBucket,
  type Publisher,
  startNatsServer,
} from '@peyk/messaging'
import { eventually, freePort } from '@peyk/testing'
import { SignJWT } from 'jose'

const tenant = tenantIdSchema.parse('acme')
const SECRET = 'a secret of more than thirty-two bytes, for tests'
const timestamp = feedInstant(new Date())

let server: NatsServer
let nats: Nats
let publisher: Publisher
let gateway: ChildProcess
let port: number
let nextCampaign = 0

beforeAll(async () => {
  server = await startNatsServer()
  nats = await connectNats({ url: server.url, name: 'test' })
  await ensureStreams(nats, natsTopology(1), { role: 'owner' })
  publisher = createPublisher(nats)
  port = await freePort()
  gateway = await startGateway(port)
}, 60_000)
afterAll(async () => {
  const gone = once(gateway, 'exit')
  gateway.kill('SIGTERM')
  await gone
  await nats.close()
  await server.dispose()
}, 30_000)

const startGateway = async (on: number): Promise<ChildProcess> => {
  const adminPort = await freePort()
  const child = spawn(process.execPath, [new URL('main.ts', import.meta.url).pathname], {
    env: {
      ...process.env,
      NATS_URL: server.url,
      PORT: String(on),
      ADMIN_PORT: String(adminPort),
      JWT_SECRET: SECRET,
      WS_PING_INTERVAL: '1s',
      WS_DRAIN_SPREAD: '0.2s',
      WS_MAX_PER_USER: '5',
      LOG_LEVEL: 'warn',
    },
    stdio: 'inherit',
  })
  await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok, {
    deadlineMs: 30_000,
    what: 'the gateway',
  })
  return child
}

const token = (
  claims: { sub?: string; tenant?: string; roles?: string[]; campaigns?: number[] } = {},
  ends = '10m',
) => {
  const { sub = '1', ...rest } = { tenant: 'acme', roles: ['member'], ...claims }
  return new SignJWT(rest)
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(ends)
    .sign(new TextEncoder().encode(SECRET))
}

const campaign = async (ownerId = '1') => {
  const campaignId = campaignIdSchema.parse(++nextCampaign)
  await openBucket(nats, 'campaign_access').put(keys.campaignAccess(campaignId), {
    campaignId,
    tenant,
    ownerId,
  })
  return campaignId
}
type Campaign = Awaited<ReturnType<typeof campaign>>

const samples: Record<LiveMessageType, object> = {
  campaign_update: {
    id: 1,
    title: 'T',
    status: 'RUNNING',
    progress: { total: 1, sent: 0, failed: 0, delivered: 0 },
    startedAt: null,
    completedAt: null,
    timestamp,
  },
  progress_update: { progress: { sent: 1, total: 2, current: '0912' }, timestamp },
  status_update: { status: 'ready', message: 'WhatsApp connected successfully', timestamp },
  error_update: { error: 'x', timestamp },
  qr_code: { qrCode: 'data:image/png;base64,AA', timestamp },
  completion_update: {
    report: { status: 'COMPLETED', totalSent: 1, totalFailed: 0, reportUrl: '/api/campaigns/1/report' },
    timestamp,
  },
}
const publish = (id: Campaign, type: LiveMessageType, data: object = samples[type]) =>
  publisher.publish(subjects.live(tenant, id, type), data, {
    headers: type === 'qr_code' ? { [headers.expires]: new Date(Date.now() + 60_000).toISOString() } : {},
  })

interface TestClient {
  readonly messages: { type: string; campaignId: number; data: Record<string, unknown> }[]
  readonly pings: () => number
  readonly closed: Promise<{ code: number; reason: string }>
  readonly socket: WebSocket
}

const connect = async (query: string, protocols: string[] = []): Promise<TestClient> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/campaigns?${query}`, protocols)
  const messages: TestClient['messages'] = []
  let pings = 0
  socket.onmessage = ({ data }) => {
    if (data === 'ping') pings += 1
    else messages.push(JSON.parse(String(data)) as TestClient['messages'][number])
  }
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason })
  })
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error('refused'))
  })
  return { messages, pings: () => pings, closed, socket }
}
const enter = async (id: Campaign, claims: Parameters<typeof token>[0] = {}, ends?: string) =>
  connect(`campaignId=${id}&userId=${claims.sub ?? '1'}&token=${await token(claims, ends)}`)

/** The answer before the 101. */
const refusal = async (path: string, extra: Record<string, string> = {}) => {
  const { request } = await import('node:http')
  return new Promise<{ status: number | undefined; code: unknown }>((resolve, reject) => {
    const upgrade = request({
      port,
      path,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13',
        ...extra,
      },
    })
    upgrade.on('response', (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () =>
        resolve({ status: response.statusCode, code: (JSON.parse(body) as { code: unknown }).code }),
      )
    })
    upgrade.on('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new Error('it was let in'))
    })
    upgrade.on('error', reject)
    upgrade.end()
  })
}

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
    const ask = async (campaignId: number, claims: Parameters<typeof token>[0]) =>
      refusal(
        `/ws/campaigns?campaignId=${campaignId}&userId=${claims?.sub ?? '1'}&token=${await token(claims)}`,
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
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/campaigns?campaignId=${id}&userId=1`, {
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
    await server.kill()
    await server.restart()
    await nats.whenConnected(10_000)
    // What lives in memory alone is gone with the process: it is made again by its owner.
    await ensureStreams(nats, natsTopology(1), { role: 'owner' })
    await publish(id, 'error_update', { error: '2', timestamp })
    await eventually(() => client.messages.length >= 2, { deadlineMs: 15_000, what: 'the message after' })
    expect(client.messages.map(({ data }) => data['error'])).toEqual(['1', '2'])
    client.socket.close()
  }, 40_000)

  test('[P17] on a stop every client gets 1012 with a delay', async () => {
    const id = await campaign()
    const other = await freePort()
    const second = await startGateway(other)
    const socket = new WebSocket(
      `ws://127.0.0.1:${other}/ws/campaigns?campaignId=${id}&userId=1&token=${await token()}`,
    )
    await new Promise((resolve) => (socket.onopen = resolve))
    const closed = new Promise<CloseEvent>((resolve) => (socket.onclose = resolve as never))
    second.kill('SIGTERM')
    const { code, reason } = await closed
    expect([code, (JSON.parse(reason) as { c: string }).c]).toEqual([1012, 'restart'])
    await once(second, 'exit')
  }, 30_000)
})
