// What goes wrong beside the gateway, and what every client has got when it is over.
import { createConnection, type Socket } from 'node:net'
import { randomBytes } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { CampaignFeed } from '@peyk/client'
import { type CampaignId, natsTopology } from '@peyk/contracts'
import { deleteConsumer, ensureStreams, listConsumers } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  startGatewayFixture,
  timestamp,
  token,
} from './testing/gateway-fixture.ts'
import { connect } from './testing/test-client.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway({
    environment: { WS_MAX_PER_USER: '200', WS_HANDSHAKE_TIMEOUT: '1s', WS_MAX_LAG: '2s' },
  })
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

/** Publishes numbered errors until it is stopped, and knows which of them JetStream has acknowledged. */
const flowOf = (id: CampaignId) => {
  const acknowledged: number[] = []
  let isOn = true
  const ended = (async () => {
    for (let number = 1; isOn;) {
      try {
        await fixture.publish(id, 'error_update', { error: String(number), timestamp })
        acknowledged.push(number)
        number += 1
      } catch {
        // Not acknowledged: it may or may not be there, so its number is used again, and the oracle takes both.
        await fixture.nats.whenConnected(30_000).catch(() => undefined)
      }
    }
  })()
  return { acknowledged, stop: () => ((isOn = false), ended) }
}

/** A client of each protocol, with the numbers that it has got. */
const watch = async (id: CampaignId) => {
  const plain = await connect(gateway.port, `campaignId=${id}&userId=1&token=${await token()}`)
  const feed = new CampaignFeed({
    url: `ws://127.0.0.1:${gateway.port}`,
    campaignId: id,
    userId: 1,
    token: () => token(),
    reconnectDelayMs: 50,
    resume: true,
  })
  const resumed: number[] = []
  feed.on('error_update', ({ error }) => void resumed.push(Number(error)))
  feed.connect()
  await eventually(() => feed.healthCheck(), { what: 'the connection' })
  return {
    numbers: () => plain.messages.flatMap(({ data }) => ('error' in data ? [Number(data['error'])] : [])),
    resumed,
    socket: plain.socket,
    close: () => {
      plain.socket.close()
      feed.close()
    },
  }
}

describe('[P9] the oracle: each client got what JetStream acknowledged, once and in order', () => {
  const faults: readonly (readonly [string, () => Promise<void>])[] = [
    [
      'nats-server killed and restarted',
      async () => {
        await fixture.server.kill()
        await fixture.server.restart()
        await fixture.nats.whenConnected(20_000)
        await ensureStreams(fixture.nats, natsTopology(1), { role: 'owner' })
      },
    ],
    [
      'nats-server frozen for 5 s',
      async () => {
        fixture.server.freeze()
        await new Promise((resolve) => setTimeout(resolve, 5_000))
        fixture.server.thaw()
        await fixture.nats.whenConnected(20_000)
      },
    ],
    [
      'the consumer of the feed deleted',
      async () => {
        for (const name of await listConsumers(fixture.nats, 'LIVE'))
          await deleteConsumer(fixture.nats, 'LIVE', name)
      },
    ],
  ]
  test.each(faults)(
    '%s',
    async (_, fault) => {
      const id = await fixture.campaign()
      const clients = await watch(id)
      const flow = flowOf(id)
      await eventually(() => clients.numbers().length > 20, { what: 'a flow' })
      await fault()
      const before = flow.acknowledged.length
      await eventually(() => flow.acknowledged.length > before + 20, {
        what: 'the flow again',
        deadlineMs: 30_000,
      })
      await flow.stop()
      const last = flow.acknowledged.at(-1)
      for (const numbers of [clients.numbers, () => clients.resumed]) {
        await eventually(() => numbers().at(-1) === last, { what: `message ${last}`, deadlineMs: 20_000 })
        // A publish whose answer was lost is stored, and published again under its number: that is the publisher's.
        expect([...new Set(numbers())]).toEqual(flow.acknowledged)
        expect(numbers()).toEqual(numbers().toSorted((a, b) => a - b))
      }
      expect(clients.socket.readyState).toBe(WebSocket.OPEN)
      clients.close()
    },
    60_000,
  )
})

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const sockets = new Set<Socket>()

/** A raw connection after its 101. */
const raw = async (id: CampaignId, given?: string): Promise<Socket> => {
  const socket = createConnection({ port: gateway.port, host: '127.0.0.1' })
  sockets.add(socket)
  socket.on('error', () => undefined)
  const query = `campaignId=${id}&userId=1&token=${given ?? (await token())}`
  socket.write(
    `GET /ws/campaigns?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
  )
  const answer = await new Promise<string>((resolve) =>
    socket.once('data', (data: Buffer) => resolve(data.toString())),
  )
  if (!answer.startsWith('HTTP/1.1 101')) throw new Error(answer.split('\r\n', 1)[0])
  return socket
}
const closed = (socket: Socket) =>
  eventually(() => socket.destroyed || socket.readableEnded, { what: 'the end of the connection' })

/** A frame of a client: first byte, mask bit and length, mask of zeros, payload. */
const frame = (first: number, payload: Buffer | string = '', second?: number): Buffer => {
  const body = Buffer.from(payload)
  return Buffer.concat([Buffer.from([first, second ?? 0x80 | body.byteLength]), Buffer.alloc(4), body])
}
const malformed: readonly (readonly [string, Buffer])[] = [
  ['a text without a mask', Buffer.from([0x81, 0x01, 0x61])],
  ['RSV1 without compression', frame(0xc1, 'a')],
  ['RSV2', frame(0xa1, 'a')],
  ['RSV3', frame(0x91, 'a')],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) => [`opcode ${opcode}`, frame(0x80 | opcode, 'a')] as const,
  ),
  ['a continuation of nothing', frame(0x80, 'a')],
  ['a text inside a fragmented text', Buffer.concat([frame(0x01, 'a'), frame(0x81, 'b')])],
  ['a fragmented ping', frame(0x09, 'a')],
  ['a fragmented pong', frame(0x0a, 'a')],
  ['a fragmented close', frame(0x08)],
  ['a ping of 126 bytes', Buffer.concat([Buffer.from([0x89, 0xfe, 0, 126]), Buffer.alloc(130)])],
  ['a close of one byte', frame(0x88, Buffer.from([3]))],
  ['a close with code 0', frame(0x88, Buffer.from([0, 0]))],
  ['a close with code 1005', frame(0x88, Buffer.from([0x03, 0xed]))],
  ['a close with code 1006', frame(0x88, Buffer.from([0x03, 0xee]))],
  ['a close whose reason is no UTF-8', frame(0x88, Buffer.from([0x03, 0xe8, 0xff, 0xfe]))],
  ['a text that is no UTF-8', frame(0x81, Buffer.from([0xff, 0xfe]))],
  ['a length of 2^63', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ['a length beyond the limit', Buffer.from([0x81, 0xfe, 0x04, 0x01, 0, 0, 0, 0])],
]

describe('hostile clients', () => {
  afterAll(() => sockets.forEach((socket) => socket.destroy()))

  test.each(malformed)('[P27] %s: the connection ends, and nothing else', async (_, bytes) => {
    const socket = await raw(await fixture.campaign())
    socket.resume()
    socket.write(bytes)
    await closed(socket)
  })

  test('[P27] mutated frames: every connection ends or lives, the gateway lives', async () => {
    const seed = Number(process.env['SEED'] ?? randomBytes(4).readUInt32LE())
    process.stdout.write(`seed of the frames: ${seed}\n`)
    let state = seed
    const random = (limit: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * limit)
    }
    const id = await fixture.campaign()
    const before = process.hrtime.bigint()
    let frames = 0
    while (frames < 20_000 && process.hrtime.bigint() - before < 10_000_000_000n) {
      const socket = await raw(id)
      socket.resume()
      for (let index = 0; index < 50 && socket.writable; index += 1, frames += 1) {
        const bytes = frame(0x81, 'pong')
        for (let change = random(3); change >= 0; change -= 1) bytes[random(bytes.byteLength)] = random(256)
        socket.write(bytes)
      }
      socket.end()
    }
    const client = await connect(gateway.port, `campaignId=${id}&userId=1&token=${await token()}`)
    client.socket.close()
    expect(await gateway.metrics()).toContain('ws_gateway_connections')
  })

  test('[P6] who sends its request byte by byte, or none, is gone', async () => {
    const silent = createConnection({ port: gateway.port, host: '127.0.0.1' })
    const slow = createConnection({ port: gateway.port, host: '127.0.0.1' })
    for (const socket of [silent, slow]) {
      sockets.add(socket)
      socket.on('error', () => undefined).resume()
    }
    const request = Buffer.from('GET /ws/campaigns?campaignId=1&userId=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ')
    let sent = 0
    const dripping = setInterval(
      () => slow.write(request.subarray(sent % request.byteLength, (sent += 1))),
      200,
    )
    await eventually(() => slow.destroyed || slow.readableEnded, {
      what: 'the slow one gone',
      deadlineMs: 20_000,
    })
    clearInterval(dripping)
  }, 40_000)
})
