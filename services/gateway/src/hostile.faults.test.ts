// Clients that do harm: by what they send, by how they send it, and by what they leave undone.
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import type { Socket } from 'node:net'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { CampaignId } from '@peyk/contracts'
import { eventually } from '@peyk/testing'

import {
  type GatewayFixture,
  collectable,
  type GatewayProcess,
  heldMiB,
  startGatewayFixture,
  timestamp,
  token,
} from './testing/gateway-fixture.ts'
import {
  clientFrame,
  dialRaw,
  firstAnswer,
  malformedFrames,
  openRaw,
  textsOf,
  upgradeRequest,
} from './testing/raw-client.ts'
import { connect } from './testing/test-client.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess
const sockets = new Set<Socket>()

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway({
    environment: { ...collectable, WS_MAX_PER_USER: '500', WS_MAX_LAG: '60s', LOG_LEVEL: 'error' },
  })
}, 60_000)
afterAll(async () => {
  sockets.forEach((socket) => socket.destroy())
  await fixture[Symbol.asyncDispose]()
}, 30_000)

const pathOf = async (id: CampaignId) => `/ws/campaigns?campaignId=${id}&userId=1&token=${await token()}`
const keep = (socket: Socket): Socket => {
  sockets.add(socket)
  return socket
}
const open = async (id: CampaignId) => keep(await openRaw(gateway.port, await pathOf(id)))
const dial = () => keep(dialRaw(gateway.port))
const isOver = (socket: Socket) => socket.destroyed || socket.readableEnded
const closed = (socket: Socket, deadlineMs = 20_000) =>
  eventually(() => isOver(socket), { what: 'the end of the connection', deadlineMs })
/** Of a counter or gauge, over all its labels. */
const metric = async (name: string): Promise<number> =>
  [...(await gateway.metrics()).matchAll(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )
const descriptors = () => readdirSync(`/proc/${gateway.pid}/fd`).length
const noneLeft = () =>
  eventually(async () => (await metric('ws_gateway_connections')) === 0, { what: 'nobody to be connected' })
/** The gateway still does its work. */
const expectAlive = async () => {
  const id = await fixture.campaign()
  await fixture.publish(id, 'campaign_update')
  const client = await connect(gateway.port, (await pathOf(id)).split('?')[1] ?? '')
  await eventually(() => client.messages.length === 1, { what: 'a snapshot' })
  client.socket.close()
}

describe('frames', () => {
  test.each(malformedFrames)('[P27] %s: the connection ends, and nothing else', async (_, bytes) => {
    const socket = await open(await fixture.campaign())
    socket.resume()
    socket.write(bytes)
    await closed(socket)
  })

  test('[P27] mutated frames and handshakes: every connection ends, and what they took is given back', async () => {
    const seed = Number(process.env['SEED'] ?? randomBytes(4).readUInt32LE())
    const count = Number(process.env['FUZZ'] ?? 300_000)
    process.stdout.write(`seed of the frames: ${seed}\n`)
    const random = randomOf(seed)
    const id = await fixture.campaign()
    const path = await pathOf(id)
    await expectAlive()
    await noneLeft()
    const before = descriptors()
    let [sent, handshakes] = [0, 0]
    const attack = async (until: number) => {
      while (sent < until) {
        const isHandshake = random(2) === 0
        handshakes += Number(isHandshake)
        const tried = isHandshake ? await badHandshake(path, random) : await badFrames(path, random)
        sent += tried
      }
    }
    const held: number[] = []
    // The first of it is what loads, compiles and makes room.
    for (const share of [0.05, 0.5, 1]) {
      await Promise.all(Array.from({ length: 32 }, () => attack(count * share)))
      await noneLeft()
      held.push(await heldMiB(gateway))
    }
    const [start = NaN, , end = NaN] = held
    const rounded = held.map((each) => each.toFixed(1)).join(', ')
    process.stdout.write(`${sent} mutated, ${handshakes} of them handshakes; MiB held: ${rounded}\n`)
    await eventually(() => descriptors() <= before + 2, { what: 'the descriptors back' })
    await expectAlive()
    expect(end - start).toBeLessThan(5)
  }, 900_000)
})

/** A generator that a seed begins: the same bytes again. */
const randomOf = (seed: number) => {
  let state = seed
  return (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}
type Random = ReturnType<typeof randomOf>

const mutate = (bytes: Buffer, changes: number, random: Random): Buffer => {
  for (let change = 0; change < changes; change += 1) bytes[random(bytes.byteLength)] = random(256)
  return random(8) === 0 ? bytes.subarray(0, random(bytes.byteLength)) : bytes
}

const badHandshake = async (path: string, random: Random): Promise<number> => {
  const socket = dialRaw(gateway.port).resume()
  socket.end(mutate(Buffer.from(upgradeRequest(path)), 1 + random(4), random))
  await closed(socket)
  socket.destroy()
  return 1
}

const badFrames = async (path: string, random: Random): Promise<number> => {
  const socket = await openRaw(gateway.port, path)
  socket.resume()
  const frames = 1 + random(100)
  const bytes = Array.from({ length: frames }, () =>
    mutate(clientFrame([0x81, 0x82, 0x89, 0x8a, 0x88, 0x01][random(6)] ?? 0, 'pong'), random(4), random),
  )
  socket.end(Buffer.concat(bytes))
  await closed(socket)
  socket.destroy()
  return frames
}

describe('connections', () => {
  test('[P6] who sends its request byte by byte, or none, is gone within 7 s', async () => {
    const [silent, slow] = [dial().resume(), dial().resume()]
    const request = Buffer.from('GET /ws/campaigns?campaignId=1&userId=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ')
    let sent = 0
    const dripping = setInterval(
      () => slow.write(request.subarray(sent % request.byteLength, (sent += 1))),
      200,
    )
    const startedAt = performance.now()
    await closed(slow)
    await closed(silent)
    clearInterval(dripping)
    process.stdout.write(`slow requests gone after ${(performance.now() - startedAt).toFixed(0)} ms\n`)
  }, 40_000)

  test('1,000 resets while their tokens are looked at: nothing is left of them', async () => {
    const id = await fixture.campaign()
    await expectAlive()
    await noneLeft()
    const before = descriptors()
    const request = upgradeRequest(await pathOf(id))
    const reset = async () => {
      const socket = dialRaw(gateway.port)
      await new Promise((resolve) => socket.once('connect', resolve))
      await new Promise((resolve) => socket.write(request, resolve))
      socket.resetAndDestroy()
    }
    for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 50 }, reset))
    await noneLeft()
    await eventually(() => descriptors() <= before + 2, { what: 'the descriptors back' })
    await expectAlive()
  }, 60_000)

  test('[P16] a flood of connections: what is over the limit is refused, who is inside hears on', async () => {
    const id = await fixture.campaign()
    const inside = await connect(gateway.port, (await pathOf(id)).split('?')[1] ?? '')
    const request = upgradeRequest(await pathOf(id))
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async () => {
        const socket = dial()
        socket.write(request)
        return (await firstAnswer(socket).catch(() => 'reset')).slice(9, 12)
      }),
    )
    const accepted = answers.filter((status) => status === '101').length
    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThan(500)
    // Too many of one user, too many at once, or too late: but each is answered.
    expect(answers.filter((status) => !['101', '429', '503', '408'].includes(status))).toEqual([])
    await fixture.publish(id, 'error_update')
    await eventually(() => inside.messages.length === 1, { what: 'the message' })
    sockets.forEach((socket) => socket.destroy())
    inside.socket.close()
    await noneLeft()
  }, 60_000)

  test('[P12] half-open: who answers no ping is closed with 4408', async () => {
    const silent = await open(await fixture.campaign())
    const bytes: Buffer[] = []
    silent.on('data', (data: Buffer) => bytes.push(data)).resume()
    await closed(silent)
    // A close frame: two bytes of code before the reason.
    expect(Buffer.concat(bytes).includes(Buffer.from([4408 >> 8, 4408 & 0xff]))).toBe(true)
    await noneLeft()
  })
})

describe('slow readers', () => {
  test('[P15] who does not read is closed, and holds little memory; the others get all', async () => {
    const id = await fixture.campaign()
    // Its own gateway: it must not be the missing pong that ends them.
    const patient = await fixture.startGateway({
      environment: { ...collectable, WS_PING_INTERVAL: '10m', WS_MAX_PER_USER: '50' },
    })
    const path = await pathOf(id)
    const good = await connect(patient.port, path.split('?')[1] ?? '')
    const stalled = await Promise.all(Array.from({ length: 10 }, () => openRaw(patient.port, path)))
    stalled.forEach(keep)
    const before = await heldMiB(patient)
    const startedAt = performance.now()
    let most = before
    const total = 1_200
    for (let number = 1; number <= total; number += 1) {
      await fixture.publish(id, 'error_update', { error: `${number} ${'.'.repeat(8_000)}`, timestamp })
      if (number % 100 === 0) most = Math.max(most, await heldMiB(patient))
    }
    await eventually(() => good.messages.length === total, { what: 'every message' })
    await eventually(
      async () => /^ws_gateway_connections{protocol="plain"} 1$/m.test(await patient.metrics()),
      {
        what: 'the others to be gone',
      },
    )
    const goneAfterS = (performance.now() - startedAt) / 1_000
    expect(await patient.metrics()).toMatch(/^ws_gateway_slow_consumer_disconnects_total 10$/m)
    expect(good.messages.map(({ data }) => Number.parseInt(String(data['error'])))).toEqual(
      Array.from({ length: total }, (_, index) => index + 1),
    )
    const eachMiB = (most - before) / stalled.length
    process.stdout.write(
      `each of ten stalled readers: ${eachMiB.toFixed(2)} MiB, gone after ${goneAfterS.toFixed(1)} s\n`,
    )
    expect(eachMiB).toBeLessThan(2)
    good.socket.close()
    await patient.end()
  }, 60_000)

  test('[P15] who is behind gets the newest counters, in order, and all of the rest', async () => {
    const id = await fixture.campaign()
    const behind = await open(id)
    const filler = '.'.repeat(16_000)
    const conflatedBefore = await metric('ws_gateway_messages_conflated_total')
    let [number, errors] = [0, 0]
    const keepAlive = setInterval(() => behind.write(clientFrame(0x8a)), 200)
    while ((await metric('ws_gateway_messages_conflated_total')) < conflatedBefore + 20) {
      for (let index = 0; index < 20; index += 1) {
        const progress = { sent: (number += 1), total: 10_000, current: filler }
        await fixture.publish(id, 'progress_update', { progress, timestamp })
      }
      await fixture.publish(id, 'error_update', { error: String((errors += 1)), timestamp })
    }
    const bytes: Buffer[] = []
    behind.on('data', (data: Buffer) => bytes.push(data)).resume()
    const heard = () =>
      textsOf(Buffer.concat(bytes)).flatMap((text) =>
        text === 'ping' ? [] : [JSON.parse(text) as { type: string; data: Heard }],
      )
    await eventually(() => heard().some(({ data }) => data.progress?.sent === number), {
      what: 'the newest counter',
    })
    await eventually(() => heard().filter(({ type }) => type === 'error_update').length === errors, {
      what: 'every error',
    })
    clearInterval(keepAlive)
    const counters = heard().flatMap(({ data }) => data.progress?.sent ?? [])
    expect(counters.length).toBeLessThan(number)
    expect(counters).toEqual(counters.toSorted((a, b) => a - b))
    expect(heard().flatMap(({ data }) => (data.error === undefined ? [] : Number(data.error)))).toEqual(
      Array.from({ length: errors }, (_, index) => index + 1),
    )
    behind.destroy()
  }, 60_000)
})

interface Heard {
  readonly progress?: { readonly sent: number }
  readonly error?: string
}
