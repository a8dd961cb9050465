/** Puts the parts together: the socket that clients connect to, the media host, and the control door. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { WebSocketServer } from 'ws'

import { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import { startControlDoor } from './door/control-door.ts'
import { Faults } from './faults.ts'
import { AttachmentReader } from './media/attachment.ts'
import { MediaHost } from './media/media-host.ts'
import { Accounts } from './phones/accounts.ts'
import { Inbox } from './phones/inbox.ts'
import { Outbox } from './phones/outbox.ts'
import { Peers } from './phones/peers.ts'
import { Gate } from './protocol/gate.ts'
import { quietLibsignal } from './quiet-libsignal.ts'
import { settingsOf, type Settings, type WhatsAppServerOptions } from './settings.ts'
import { Store } from './store.ts'
import { serverIdentity, tlsIdentity, type ServerIdentity } from './wire/certificates.ts'
import type { World } from './world.ts'

/** A server that is up. */
export interface WhatsAppServer {
  /** What clients connect to. */
  readonly url: string
  readonly controlUrl: string
  /** The public root key, base64: what clients have to trust. */
  readonly rootCa: string
  /** The certificate (PEM) of the host that files are uploaded to. */
  readonly mediaCa: string
  stop(): Promise<void>
}

const PATH = '/ws/chat'
const LARGEST_FRAME_BYTES = 8 * 1024 * 1024

/** Starts a server in this process. */
export async function startWhatsAppServer(options: WhatsAppServerOptions = {}): Promise<WhatsAppServer> {
  quietLibsignal()
  const asked = settingsOf(options)
  const store = new Store(asked.dataDir)
  const settings = { ...asked, seed: seedOf(store, asked.seed) }
  const identity = serverIdentity(settings.seed)
  const tls = tlsIdentity(settings.seed)
  const trust = { rootCa: identity.root.toString('base64'), mediaCa: tls.certificate }
  const faults = new Faults(settings.seed)
  const media = new MediaHost(tls, faults, settings.dataDir)
  const world = makeWorld(settings, store, faults, media)
  const gate = new Gate(world)
  const releases: (() => unknown)[] = [() => store.close(), () => world.outbox.close(), () => gate.close()]
  const stop = async () => {
    for (const release of releases.splice(0).reverse()) await release()
  }
  let stopped: Promise<void> | undefined
  const stopOnce = () => (stopped ??= stop())
  try {
    await media.start()
    releases.push(() => media.stop())
    const http = await listen(settings.port)
    releases.push(acceptClients(http, identity, gate))
    const door = await startControlDoor(world, gate, trust)
    releases.push(() => door.stop())
    const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}${PATH}`
    return { url, controlUrl: door.url, ...trust, stop: stopOnce }
  } catch (error) {
    await stopOnce()
    throw error
  }
}

/** Clients may connect from now on; tells how to end that. */
function acceptClients(http: Server, identity: ServerIdentity, gate: Gate): () => Promise<void> {
  const sockets = new WebSocketServer({ server: http, path: PATH, maxPayload: LARGEST_FRAME_BYTES })
  sockets.on('connection', (socket) => new Connection(socket, identity, gate))
  return async () => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  }
}

function makeWorld(settings: Settings, store: Store, faults: Faults, media: MediaHost): World {
  const connections = new Connections()
  const outbox = new Outbox(store, {
    isReachable: (device) => connections.of(device)?.isOpen ?? false,
    deliver: (device, stanza) => connections.of(device)?.send(stanza),
  })
  return {
    settings,
    store,
    faults,
    media,
    connections,
    outbox,
    accounts: new Accounts(store),
    inbox: new Inbox(store),
    peers: new Peers(settings.seed, store, faults),
    attachments: new AttachmentReader(media),
  }
}

/** Keys come out of the seed: a folder keeps the one that it began with. */
function seedOf(store: Store, seed: string): string {
  const kept = store.get('seed')
  if (typeof kept === 'string') return kept
  store.set('seed', seed)
  return seed
}

async function listen(port: number): Promise<Server> {
  const server = createServer((_request, response) => response.writeHead(426).end())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  return server
}
