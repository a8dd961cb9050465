// The WebSocket server: from an upgrade request to a client in the hub, and the drain at the end.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { Socket } from 'node:net'

import { closeCodes, SUBPROTOCOL_V2 } from '@peyk/contracts'

import type { Client } from './client.ts'
import type { Door } from './door.ts'
import { startHeartbeat } from './heartbeat.ts'
import { chooseSubprotocol } from './parameters.ts'
import { createReception, type ReceptionOptions } from './reception.ts'
import { Refusal } from './refusal.ts'
import type { Holder } from './revocations.ts'

export interface RealtimeServerOptions extends ReceptionOptions {
  readonly door: Door
}

export interface RealtimeServer {
  attach(server: Server): void
  /** Closes those whose access was taken back. */
  revoke(isConcerned: (holder: Holder) => boolean): void
  /** Refuses new clients, and tells each to reconnect elsewhere, spread over the time. */
  drain(): Promise<void>
}

export const createRealtimeServer = (options: RealtimeServerOptions): RealtimeServer => {
  const { settings, door, hub, metrics, log } = options
  const heartbeat = startHeartbeat(settings.WS_PING_INTERVAL, metrics)
  const reception = createReception(options, heartbeat)
  const state = { draining: false, handshakes: 0 }

  const upgrade = async (request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> => {
    if (state.draining) throw new Refusal('draining', 'unavailable')
    if (state.handshakes > settings.WS_MAX_HANDSHAKES || hub.size() >= settings.WS_MAX_CONNECTIONS)
      throw new Refusal('capacity', 'unavailable')
    const admission = await inTime(door.admit(request), settings.WS_HANDSHAKE_TIMEOUT)
    if (socket.destroyed) throw new Refusal('aborted', 'request_timeout')
    await reception.accept(admission, request, socket, head)
  }

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A reset while a check is awaited must not end the process: this comes before everything.
    socket.on('error', (error: Error & { code?: string }) => metrics.error(error.code ?? 'socket'))
    if (!(socket instanceof Socket)) {
      socket.destroy()
      return
    }
    const startedAt = performance.now()
    state.handshakes += 1
    upgrade(request, socket, head)
      .then(
        () => 'accepted' as const,
        (error: unknown) => {
          if (!(error instanceof Refusal)) log.error({ error }, 'an upgrade failed')
          const refusal = error instanceof Refusal ? error : new Refusal('unavailable', 'internal')
          if (isToldInside(refusal, request) && !socket.destroyed)
            reception.turnAway(refusal, request, socket, head)
          else refuse(socket, refusal)
          return refusal.result
        },
      )
      .then((result) => metrics.upgrade(result, (performance.now() - startedAt) / 1_000))
      .finally(() => (state.handshakes -= 1))
      .catch((error: unknown) => log.error({ error }, 'an upgrade failed'))
  }

  return {
    attach: (server) => void server.on('upgrade', onUpgrade),
    revoke: (isConcerned) => {
      for (const client of hub.clients())
        if (isConcerned(client.options)) client.close(closeCodes.forbidden, 'revoked')
    },
    drain: async () => {
      state.draining = true
      metrics.draining()
      await closeAll([...hub.clients()], settings.WS_DRAIN_SPREAD)
      heartbeat.stop()
    },
  }
}

const inTime = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Refusal('timeout', 'request_timeout')), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A client of v2 understands close codes; floods, capacity and a bad origin get the cheap answer all the same. */
const isToldInside = ({ result, code }: Refusal, request: IncomingMessage): boolean =>
  chooseSubprotocol(request.headers['sec-websocket-protocol']) === SUBPROTOCOL_V2 &&
  (['bad_request', 'unauthorized', 'forbidden'].includes(result) || code === 'campaign_not_found')

/** A plain HTTP answer: cheap, and a client of the owner's class gives up after five of them. */
const refuse = (socket: Socket, { problem }: Refusal): void => {
  const body = JSON.stringify(problem)
  if (!socket.destroyed)
    socket.end(
      `HTTP/1.1 ${problem.status} Refused\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      () => socket.destroySoon(),
    )
}

const DRAIN_STEPS = 50

/** The closes themselves are spread: the owner's class ignores advice, and all at once would come back all at once. */
const closeAll = async (clients: readonly Client[], spreadMs: number): Promise<void> => {
  const perStep = Math.ceil(clients.length / DRAIN_STEPS)
  for (let start = 0; start < clients.length; start += perStep) {
    for (const client of clients.slice(start, start + perStep))
      client.close(closeCodes.restart, 'restart', Math.random() * spreadMs)
    await new Promise((resolve) => setTimeout(resolve, spreadMs / DRAIN_STEPS))
  }
}
