// The clients of a benchmark, as a process of their own: sockets that speak just enough WebSocket to count what they get.
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

import type { Answer, Dial, Order } from './load-process.ts'

/** The end of a burst is looked for at the end of what was read; a ping may follow it. */
const TAIL_BYTES = 1_024
const MARKER_BYTES = 32

/** Read so seldom, as if each client had a machine of its own: else this process is what is measured. */
const GULP_MS = 1_000
/** Without waiting for a ping: more often than one is missed. */
const PONG_MS = 10_000
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])

interface Connection {
  readonly socket: Socket
  readonly isLive: boolean
  tail: Buffer
  isDone: boolean
}

const connections = new Set<Connection>()
let marker: string | undefined
let left = 0
let lost = 0
/** Times between a message's stamp and its arrival, of those that are watched. */
let delays: number[] | undefined

const tell = (answer: Answer) => process.send?.(answer)

const handshake = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`

/** A masked binary frame, with a mask of zeros. */
const frameOf = (payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x82, 0x80 | payload.byteLength]), Buffer.alloc(4), payload])

/** Does something for every connection once in so long, spread over it. */
const inTurn = (everyMs: number, work: (connection: Connection) => void): NodeJS.Timeout => {
  const slots = everyMs / 100
  let turn = 0
  return setInterval(() => {
    turn = (turn + 1) % slots
    let index = 0
    for (const connection of connections) if (index++ % slots === turn) work(connection)
  }, 100)
}

let gulps: NodeJS.Timeout | undefined

const gulp = (isOn: boolean): void => {
  clearInterval(gulps)
  gulps = isOn ? inTurn(GULP_MS, ({ socket }) => socket.resume()) : undefined
  for (const { socket } of connections)
    if (isOn) socket.pause()
    else socket.resume()
}

inTurn(PONG_MS, ({ socket, isLive }) => isLive && socket.write(PONG))

const open = ({ port, hello }: Dial, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const connection: Connection = {
      socket,
      isLive: hello === undefined,
      tail: Buffer.alloc(0),
      isDone: false,
    }
    socket.on('error', reject)
    socket.once('close', () => reject(new Error('closed')))
    socket.once('connect', () => socket.write(handshake(path)))
    socket.once('data', (answer) => {
      if (answer.toString('latin1', 9, 12) !== '101') {
        reject(new Error(answer.toString('latin1', 0, 12)))
        return
      }
      if (hello !== undefined) socket.write(frameOf(Buffer.from(hello)))
      connections.add(connection)
      socket.on('close', () => {
        if (connections.delete(connection)) lost += 1
      })
      socket.on('data', (data) => received(connection, data))
      resolve()
    })
  })

const received = (connection: Connection, data: Buffer): void => {
  if (gulps !== undefined) setImmediate(() => gulps !== undefined && connection.socket.pause())
  if (delays !== undefined) readDelays(data, delays)
  if (marker === undefined || connection.isDone) return
  const end = data.byteLength > TAIL_BYTES ? data.subarray(-TAIL_BYTES) : data
  const seen = data.byteLength > TAIL_BYTES ? end : Buffer.concat([connection.tail, end])
  if (seen.includes(marker)) {
    connection.isDone = true
    left -= 1
    if (left === 0) tell({ kind: 'done' })
  } else connection.tail = Buffer.from(data.subarray(-MARKER_BYTES))
}

const readDelays = (data: Buffer, into: number[]): void => {
  const now = Number(process.hrtime.bigint()) / 1e6
  for (const [, stamp] of data.toString('latin1').matchAll(/"stamp":"(\d+\.\d+)"/g))
    into.push(now - Number(stamp))
}

const dial = async (order: Dial): Promise<void> => {
  const startedAt = performance.now()
  let next = 0
  let refused = 0
  const caller = async () => {
    while (next < order.count) {
      const path = order.paths[next % order.paths.length] ?? '/'
      next += 1
      await open(order, path).catch(() => (refused += 1))
    }
  }
  await Promise.all(Array.from({ length: order.atOnce }, caller))
  tell({ kind: 'dialled', ms: performance.now() - startedAt, refused })
}

const end = async (): Promise<void> => {
  gulp(false)
  const sockets = [...connections]
  connections.clear()
  await Promise.all(
    sockets.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve).destroy())),
  )
  tell({ kind: 'ended', lost })
}

const obey = (order: Order): void => {
  switch (order.kind) {
    case 'dial':
      void dial(order)
      return
    case 'await':
      marker = order.marker
      left = connections.size
      for (const connection of connections) {
        connection.isDone = false
        connection.tail = Buffer.alloc(0)
      }
      tell({ kind: 'awaiting' })
      return
    case 'time':
      delays = []
      tell({ kind: 'awaiting' })
      return
    case 'gulp':
      gulp(order.isOn)
      tell({ kind: 'awaiting' })
      return
    case 'delays':
      tell({ kind: 'delays', delays: delays ?? [] })
      delays = undefined
      return
    case 'end':
      void end()
  }
}

process.on('message', (order: Order) => obey(order))
process.on('disconnect', () => process.exit())
