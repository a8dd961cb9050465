import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'

import type { Registry } from 'prom-client'

export type AdminOptions = Readonly<{
  host: string
  port: number
  registry: Registry
  isReady: () => boolean
}>

export type AdminServer = Readonly<{ port: number; close: () => Promise<void> }>

/** The operators' door: `/livez`, `/readyz` and `/metrics`. */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const { registry, isReady } = options
  const server = createServer((request, response) => {
    switch (request.url ?? '') {
      case '/livez':
        answer(response, 200, 'live')
        return
      case '/readyz':
        answer(response, isReady() ? 200 : 503, isReady() ? 'ready' : 'not ready')
        return
      case '/metrics':
        registry.metrics().then(
          (text) => answer(response, 200, text, registry.contentType),
          () => answer(response, 500, 'the metrics could not be collected'),
        )
        return
      default:
        answer(response, 404, 'not found')
    }
  })
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port: typeof address === 'object' && address !== null ? address.port : options.port, close }
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type }).end(`${body}\n`)
}
