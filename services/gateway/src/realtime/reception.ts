// From an admission to a client in the hub, and out of it again.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

import { type CloseCode, closeCodes, closeReason, type Principal, SUBPROTOCOL_V2 } from '@peyk/contracts'
import type { Log } from '@peyk/messaging'
import { type WebSocket, WebSocketServer } from 'ws'

import type { Settings } from '../config.ts'
import { Client } from './client.ts'
import { createConnectionCounts } from './connection-counts.ts'
import type { Admission } from './door.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Hub } from './hub.ts'
import type { RealtimeMetrics } from './metrics.ts'
import { chooseSubprotocol } from './parameters.ts'
import type { Refusal } from './refusal.ts'

export interface ReceptionOptions {
  readonly settings: Settings
  readonly hub: Hub
  readonly metrics: RealtimeMetrics
  readonly log: Log
}

const MAX_PAYLOAD_BYTES = 1_024
const MAX_FRAGMENTS = 8
const TERMINATE_AFTER_MS = 1_000

const userKeyOf = ({ tenant, userId }: Principal): string => `${tenant}/${userId}`

const createWebSocketServer = (): WebSocketServer =>
  new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD_BYTES,
    maxFragments: MAX_FRAGMENTS,
    handleProtocols: (offered) => {
      const chosen = chooseSubprotocol([...offered].join(','))
      return chosen === undefined || chosen === 'refused' ? false : chosen
    },
  })

const closeCodeOf = ({ result }: Refusal): CloseCode => {
  if (result === 'bad_request') return closeCodes.badRequest
  if (result === 'unauthorized') return closeCodes.unauthorized
  return result === 'forbidden' ? closeCodes.forbidden : closeCodes.notFound
}

const clientMaker = (settings: Settings, metrics: RealtimeMetrics) => {
  const limits = {
    conflateAboveBytes: settings.WS_CONFLATE_ABOVE,
    closeAboveBytes: settings.WS_CLOSE_ABOVE,
    maxLagMs: settings.WS_MAX_LAG,
  }
  return (
    { parameters, identity, mayLink }: Admission,
    websocket: WebSocket,
    socket: Socket,
    address: string,
  ) =>
    new Client({
      websocket,
      socket,
      campaignId: parameters.campaignId,
      ...identity,
      isV2: websocket.protocol === SUBPROTOCOL_V2,
      resume: parameters.resume,
      pingIntervalMs: settings.WS_PING_INTERVAL,
      tenantAndUser: userKeyOf(identity.principal),
      address,
      mayLink,
      limits,
      metrics,
    })
}

/** Lets a client of v2 in only to tell it why it may not stay. */
const turnAwayWith =
  (websockets: WebSocketServer) =>
  (refusal: Refusal, request: IncomingMessage, socket: Socket, head: Buffer): void =>
    websockets.handleUpgrade(request, socket, head, (websocket) => {
      websocket.on('error', () => websocket.terminate())
      websocket.close(closeCodeOf(refusal), closeReason(refusal.code))
      setTimeout(() => websocket.terminate(), TERMINATE_AFTER_MS).unref()
    })

/** From an admission to a client in the hub, and out of it again. */
export const createReception = ({ settings, hub, metrics, log }: ReceptionOptions, heartbeat: Heartbeat) => {
  const counts = createConnectionCounts(settings, hub)
  const websockets = createWebSocketServer()
  const clientOf = clientMaker(settings, metrics)

  const enter = (client: Client, websocket: WebSocket): void => {
    counts.add(client)
    heartbeat.add(client)
    metrics.opened()
    websocket.once('close', (code) => {
      heartbeat.remove(client)
      hub.leave(client)
      counts.remove(client)
      metrics.closed(code, client.isClosing)
    })
  }

  return {
    turnAway: turnAwayWith(websockets),
    accept: async (
      admission: Admission,
      request: IncomingMessage,
      socket: Socket,
      head: Buffer,
    ): Promise<void> => {
      const { parameters, identity } = admission
      const address = socket.remoteAddress ?? 'unknown'
      counts.demandRoom(parameters.campaignId, userKeyOf(identity.principal), address)
      const websocket = await new Promise<WebSocket>((resolve) => {
        websockets.handleUpgrade(request, socket, head, resolve)
      })
      const client = clientOf(admission, websocket, socket, address)
      enter(client, websocket)
      try {
        await hub.join(client)
      } catch (error) {
        log.warn({ error }, 'no snapshot for a new client')
        client.close(closeCodes.overloaded, 'unavailable', 5_000)
      }
    },
  }
}
