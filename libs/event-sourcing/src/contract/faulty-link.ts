import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP relay between client and server that can be told to fail. */
export interface FaultyLink extends AsyncDisposable {
  /** The server's URL, by way of the link. */
  readonly url: string
  /** Breaks every connection; new ones work. */
  cut(): void
  /** From now on the server's answers vanish, until `heal`; what the client says arrives. */
  loseAnswers(): void
  /** From now on nothing passes, in no direction, and no connection breaks, until `heal`. */
  freeze(): void
  /** Breaks what was faulty and works again. */
  heal(): void
  /** How many connections the client has opened so far. */
  readonly connections: number
}

type Mode = 'sound' | 'losingAnswers' | 'frozen'

export const faultyLink = async (serverUrl: string): Promise<FaultyLink> => {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let mode: Mode = 'sound'
  let connections = 0
  const breakAll = () => sockets.forEach((socket) => socket.destroy())
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  const server = createServer({ noDelay: true }, (client) => {
    connections += 1
    const upstream = connect({ port: Number(target.port), host: target.hostname, noDelay: true })
    keep(client)
    keep(upstream)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.on('data', (bytes) => mode !== 'frozen' && upstream.write(bytes))
    upstream.on('data', (bytes) => mode === 'sound' && client.write(bytes))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the link has no port')
  const url = serverUrl.replace(target.host, `127.0.0.1:${address.port}`)
  return {
    url,
    cut: breakAll,
    loseAnswers: () => (mode = 'losingAnswers'),
    freeze: () => (mode = 'frozen'),
    heal: () => {
      mode = 'sound'
      breakAll()
    },
    get connections() {
      return connections
    },
    [Symbol.asyncDispose]: async () => {
      breakAll()
      server.close()
      await once(server, 'close')
    },
  }
}
