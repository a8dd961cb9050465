/** The control door: JSON over loopback HTTP, by which tests see what arrived and make things go wrong. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { z } from 'zod'

import type { Gate } from '../protocol/gate.ts'
import { PairingError } from '../protocol/pairing.ts'
import type { World } from '../world.ts'
import { routesOf, Unfulfilled, type Route } from './routes.ts'

const LARGEST_BYTES = 2 * 1024 * 1024
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/

/** A request that cannot be answered, with the status that says why. */
class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface ControlDoor {
  readonly url: string
  stop(): Promise<void>
}

export async function startControlDoor(
  world: World,
  gate: Gate,
  trust: { readonly rootCa: string; readonly mediaCa: string },
): Promise<ControlDoor> {
  const routes = routesOf(world, gate, trust)
  const server = createServer((request, response) => {
    answer(routes, request).then(
      (body) => reply(response, 200, body),
      (error: unknown) => refuse(response, error),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(world.settings.controlPort, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(routes: ReadonlyMap<string, Route>, request: IncomingMessage): Promise<unknown> {
  // A page in a browser, or a name that somebody made point here, has no business at this door.
  const isForeign = request.headers.origin !== undefined || !LOOPBACK.test(request.headers.host ?? '')
  if (isForeign) throw new Refusal(403, 'this door is for local programs only')
  const url = new URL(request.url ?? '/', 'http://localhost')
  const route = routes.get(`${request.method ?? ''} ${url.pathname}`)
  if (!route) throw new Refusal(404, 'there is no such request')
  const input = request.method === 'POST' ? await readJson(request) : Object.fromEntries(url.searchParams)
  return route(input)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const part = Buffer.from(chunk as Uint8Array)
    bytes += part.length
    if (bytes > LARGEST_BYTES) throw new Refusal(413, `a request has at most ${LARGEST_BYTES} bytes`)
    chunks.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown
  } catch {
    throw new Refusal(400, 'the body is not JSON')
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (error instanceof z.ZodError) {
    const errors = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
    reply(response, 400, { error: z.prettifyError(error), errors })
    return
  }
  if (error instanceof Refusal) {
    reply(response, error.status, { error: error.message })
    return
  }
  if (error instanceof PairingError || error instanceof Unfulfilled) {
    reply(response, 409, { error: error.message })
    return
  }
  reply(response, 500, { error: error instanceof Error ? error.message : 'unknown' })
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(body))
}
