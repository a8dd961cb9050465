// Listening and closing: addresses, time limits, and a close that lets running requests finish.
import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { type ProblemCode, problemOf } from '@peyk/contracts'

import { isError } from '../log/is-error.ts'

/** Ports that are taken end a start with their number. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken'
  readonly port: number

  constructor(port: number, options: ErrorOptions) {
    super(`port ${port} is taken`, options)
    this.port = port
  }
}

const hasCode = (error: unknown, ...codes: readonly string[]) =>
  isError(error) && 'code' in error && codes.some((code) => code === error.code)

/** Listens and returns the port (a free one for 0). */
export function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(hasCode(error, 'EADDRINUSE', 'EACCES') ? new PortTaken(port, { cause: error }) : error)
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      resolve(portOf(server.address()))
    })
  })
}

const portOf = (address: AddressInfo | string | null): number =>
  address === null || typeof address === 'string' ? 0 : address.port

/** Stops accepting and waits for running requests, at most the grace; then cuts what is left. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  // A connection whose last request ends now is idle only after close() swept the idle ones.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const cut = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}

export interface ListenOptions {
  /** One address; absent: 127.0.0.1 and, where there is one, ::1. */
  readonly host?: string | undefined
  readonly port: number
  /** The longest time that a request may take to arrive. */
  readonly requestTimeoutMs?: number
  readonly maxConnections?: number
  /** At the close running requests get this long. */
  readonly closeGraceMs?: number
}

export interface Listening {
  readonly port: number
  readonly url: string
  /** One for each address; for `upgrade` listeners. */
  readonly servers: readonly Server[]
  readonly close: () => Promise<void>
}

/** Serves a handler on loopback (IPv4 and IPv6, the same port) or on the given host, with time limits. */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<Listening> {
  const servers: Server[] = []
  const close = async () => {
    await Promise.all(servers.map((server) => closeServer(server, options.closeGraceMs ?? 10_000)))
  }
  const open = async (host: string, port: number) => {
    const server = boundedServer(handler, options)
    const bound = await listenOn(server, host, port)
    servers.push(server)
    return bound
  }
  const port = await open(options.host ?? '127.0.0.1', options.port)
  if (options.host === undefined) await openIpv6(open, port, close)
  return { port, url: `http://${options.host ?? 'localhost'}:${port}`, servers, close }
}

/** A machine without IPv6 goes without; a taken port does not. */
async function openIpv6(
  open: (host: string, port: number) => Promise<number>,
  port: number,
  close: () => Promise<void>,
): Promise<void> {
  try {
    await open('::1', port)
  } catch (error) {
    if (hasCode(error, 'EADDRNOTAVAIL', 'EAFNOSUPPORT')) return
    await close()
    throw error
  }
}

function boundedServer(handler: RequestListener, options: ListenOptions): Server {
  const requestTimeout = options.requestTimeoutMs ?? 300_000
  const server = createServer(
    {
      requestTimeout,
      headersTimeout: Math.min(5_000, requestTimeout),
      keepAliveTimeout: 65_000,
      // How often the two limits above are looked at; Node's 30 s would make them 35 s.
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16_384,
    },
    handler,
  )
  server.maxConnections = options.maxConnections ?? 5_000
  server.on('clientError', (error, socket) => refuseBytes(error, socket))
  return server
}

/** What cannot be read as a request gets a problem too, and its connection is closed. */
function refuseBytes(error: Error, socket: Duplex): void {
  if (!socket.writable || hasCode(error, 'ECONNRESET')) {
    socket.destroy()
    return
  }
  const problem = problemOf(codeOfBytes(error))
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function codeOfBytes(error: Error): ProblemCode {
  if (hasCode(error, 'ERR_HTTP_REQUEST_TIMEOUT')) return 'request_timeout'
  return hasCode(error, 'HPE_HEADER_OVERFLOW') ? 'payload_too_large' : 'invalid_request'
}
