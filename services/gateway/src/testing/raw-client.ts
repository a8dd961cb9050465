// A client of bytes: for requests and frames that no WebSocket library would send.
import { createConnection, type Socket } from 'node:net'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

export const upgradeRequest = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`

/** A connection of which an error is no event: it ends. */
export const dialRaw = (port: number): Socket => {
  const socket = createConnection({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  return socket
}

/** Resolves with its first answer; throws when it ends without one. */
export const firstAnswer = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('data', (data: Buffer) => resolve(data.toString('latin1')))
    socket.once('close', () => reject(new Error('no answer')))
  })

/** A raw connection after its 101; what came with that is given back to be read. */
export const openRaw = async (port: number, path: string): Promise<Socket> => {
  const socket = dialRaw(port)
  socket.write(upgradeRequest(path))
  const answer = await firstAnswer(socket)
  socket.pause()
  if (!answer.startsWith('HTTP/1.1 101')) throw new Error(answer.split('\r\n', 1)[0])
  const rest = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  if (rest !== '') socket.unshift(Buffer.from(rest, 'latin1'))
  return socket
}

/** A frame of a client: first byte, mask bit and length, mask of zeros, payload. */
export const clientFrame = (first: number, payload: Buffer | string = '', second?: number): Buffer => {
  const body = Buffer.from(payload)
  return Buffer.concat([Buffer.from([first, second ?? 0x80 | body.byteLength]), Buffer.alloc(4), body])
}

/** The texts of all whole frames of a server. */
export const textsOf = (bytes: Buffer): string[] => {
  const texts: string[] = []
  for (let at = 0; at + 2 <= bytes.byteLength;) {
    const short = bytes.readUInt8(at + 1) & 0x7f
    const head = short < 126 ? 2 : short === 126 ? 4 : 10
    if (at + head > bytes.byteLength) break
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    if ((bytes.readUInt8(at) & 0x0f) === 1) texts.push(bytes.toString('utf8', at + head, at + head + length))
    at += head + length
  }
  return texts
}

/** A stream of bytes of nothing but frames that break the protocol, each with its name. */
export const malformedFrames: readonly (readonly [string, Buffer])[] = [
  ['a text without a mask', Buffer.from([0x81, 0x01, 0x61])],
  ['RSV1 without compression', clientFrame(0xc1, 'a')],
  ['RSV2', clientFrame(0xa1, 'a')],
  ['RSV3', clientFrame(0x91, 'a')],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) => [`opcode ${opcode}`, clientFrame(0x80 | opcode, 'a')] as const,
  ),
  ['a continuation of nothing', clientFrame(0x80, 'a')],
  ['a text inside a fragmented text', Buffer.concat([clientFrame(0x01, 'a'), clientFrame(0x81, 'b')])],
  ['a fragmented ping', clientFrame(0x09, 'a')],
  ['a fragmented pong', clientFrame(0x0a, 'a')],
  ['a fragmented close', clientFrame(0x08)],
  ['a ping of 126 bytes', Buffer.concat([Buffer.from([0x89, 0xfe, 0, 126]), Buffer.alloc(130)])],
  ['a close of one byte', clientFrame(0x88, Buffer.from([3]))],
  ['a close with code 0', clientFrame(0x88, Buffer.from([0, 0]))],
  ['a close with code 1005', clientFrame(0x88, Buffer.from([0x03, 0xed]))],
  ['a close with code 1006', clientFrame(0x88, Buffer.from([0x03, 0xee]))],
  ['a close whose reason is no UTF-8', clientFrame(0x88, Buffer.from([0x03, 0xe8, 0xff, 0xfe]))],
  ['a text that is no UTF-8', clientFrame(0x81, Buffer.from([0xff, 0xfe]))],
  ['a length of 2^63', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ['a length beyond the limit', Buffer.from([0x81, 0xfe, 0x04, 0x01, 0, 0, 0, 0])],
]
