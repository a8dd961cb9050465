// The operator's door of a process: /livez, /readyz and /metrics, on a port of its own.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

import type { ReadinessRegistry } from '../run/readiness.ts'
import { redact } from '../log/redact.ts'
import { closeServer, listenOn } from '../http/listen.ts'
import { type Metrics, toPrometheusText } from './metrics.ts'

export interface AdminServerOptions {
  readonly host: string
  readonly port: number
  readonly readiness: ReadinessRegistry
  readonly metrics: Metrics
}

export interface AdminServer {
  readonly url: string
  readonly close: () => Promise<void>
}

export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch(() => response.writeHead(500).end())
  })
  const port = await listenOn(server, options.host, options.port)
  return { url: `http://${options.host}:${port}`, close: () => closeServer(server, 1_000) }
}

async function answer(options: AdminServerOptions, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url ?? '/', 'http://admin')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405).end()
    return
  }
  switch (pathname) {
    case '/livez':
      sendJson(response, 200, { alive: true })
      return
    case '/readyz': {
      const report = await options.readiness.report()
      sendJson(response, report.ready ? 200 : 503, redact(report))
      return
    }
    case '/metrics':
      return sendMetrics(options.metrics, request, response)
    default:
      sendJson(response, 404, { paths: ['/livez', '/readyz', '/metrics'] })
  }
}

async function sendMetrics(
  metrics: Metrics,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await metrics.metrics()
  if (request.headers.accept?.includes('application/openmetrics-text') === true) {
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text)
    return
  }
  response
    .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    .end(toPrometheusText(text))
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
