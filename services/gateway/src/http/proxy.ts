// The reverse proxy to campaign and reporting: streams both ways, keeps the Host, adds no identity.
import http, { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

import { ProblemError } from '@peyk/service-kit'

export interface ProxyOptions {
  readonly campaignUrl: string
  readonly reportingUrl: string
  readonly timeoutMs: number
}

export interface Proxy {
  readonly forward: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  close(): void
}

/** Headers of one connection, and identities that only a token may state. */
const notForwarded = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-user-id',
  'x-tenant-id',
  'x-tenant',
  'x-user',
  'x-roles',
])

/** What reporting answers; the rest is campaign's. */
const reportingRoutes =
  /^\/api\/(reports\/.*|campaigns\/[^/]+\/(progress|report(\/(download|view|shared))?))$/
const reportingReads = /^\/api\/campaigns\/[^/]+\/recipients$/

const isForReporting = (method: string | undefined, path: string): boolean =>
  reportingRoutes.test(path) || ((method === 'GET' || method === 'HEAD') && reportingReads.test(path))

export const createProxy = ({ campaignUrl, reportingUrl, timeoutMs }: ProxyOptions): Proxy => {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 })
  return {
    forward: async (request, response) => {
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
      const target = new URL(isForReporting(request.method, path) ? reportingUrl : campaignUrl)
      const answer = await send(request, target, agent, timeoutMs)
      response.writeHead(answer.statusCode ?? 502, kept(answer.rawHeaders))
      await pipeline(answer, response)
    },
    close: () => agent.destroy(),
  }
}

const send = (
  request: IncomingMessage,
  target: URL,
  agent: Agent,
  timeoutMs: number,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const unavailable = (cause: unknown) =>
      reject(new ProblemError('unavailable', { headers: { 'retry-after': '2' }, cause }))
    // Not by its name alone: where `http` and `node:http` are both imported, telemetry misses that one.
    const outgoing = http.request({
      agent,
      hostname: target.hostname,
      port: target.port,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: forwarded(request),
      timeout: timeoutMs,
    })
    outgoing.once('response', resolve)
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.once('error', unavailable)
    request.once('close', () => {
      if (!request.complete) outgoing.destroy()
    })
    request.pipe(outgoing)
  })

/** By name, for telemetry adds the trace to them: it would not see raw ones. */
const forwarded = (request: IncomingMessage): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(request.headersDistinct).flatMap(([name, values = []]) => {
      const [first = '', ...others] = values
      return notForwarded.has(name) ? [] : [[name, others.length === 0 ? first : values]]
    }),
  )

/** Raw headers as they came, but for those of the connection. */
const kept = (raw: readonly string[]): string[] => {
  const result: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = '', value = ''] = [raw[index], raw[index + 1]]
    if (!notForwarded.has(name.toLowerCase())) result.push(name, value)
  }
  return result
}
