import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterEach, describe, expect, test } from '@jest/globals'

const source = join(import.meta.dirname, '..')
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const traceId = '0af7651916cd43dd8448eb211c80319c'

/** A service of one route that calls itself once, as a process with the file of --import. */
const program = `
import { get as httpGet } from 'node:http'
import { z } from 'zod'
import { authSettings, createAuthenticator, createHttpApi, httpSettings, runService } from '${source}/index.ts'
runService({
  name: 'probe',
  adminPort: 0,
  settings: z.object({ ...httpSettings({ port: 0 }), ...authSettings }),
  async start({ settings, log, metrics, onStop }) {
    const api = createHttpApi({ settings, log, metrics, authenticator: createAuthenticator(settings) })
    let url = ''
    api.route('GET', '/outer/:phone', {}, async () => ({ body: await (await get(url + '/inner')).json() }))
    api.route('GET', '/inner', {}, ({ request, log }) => {
      log.info({}, 'inside')
      return { body: request.headers['traceparent'] ?? null }
    })
    const get = (to) => new Promise((resolve) => httpGet(to, (answer) => {
      let text = ''
      answer.on('data', (part) => (text += part)).on('end', () => resolve({ json: () => JSON.parse(text) }))
    }))
    const listening = await api.listen()
    url = listening.url
    onStop('http', listening.close)
    log.info({ url }, 'listening')
  },
})`

async function startProbe(environment: Record<string, string>) {
  const child = spawn(
    process.execPath,
    ['--import', join(source, 'telemetry/register.ts'), '--input-type=module', '--eval', program],
    {
      env: { PATH: process.env['PATH'], AUTH_MODE: 'local', ADMIN_PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  children.push(child)
  const lines: Record<string, unknown>[] = []
  const listening = Promise.withResolvers<string>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = JSON.parse(line) as Record<string, unknown>
    lines.push(entry)
    if (entry['msg'] === 'listening') listening.resolve(String(entry['url']))
  })
  return { child, lines, url: await listening.promise }
}

const traced = (url: string, path: string) =>
  fetch(`${url}${path}`, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } })

const stop = async (child: ChildProcess) => {
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  return (await exit)[0] as number
}

describe('the file of --import', () => {
  test('without a collector: the trace is carried on and named in the log', async () => {
    const { child, lines, url } = await startProbe({})
    const inner = (await (await traced(url, '/outer/1')).json()) as string
    expect(inner).toContain(traceId)
    expect(lines.find(({ msg }) => msg === 'inside')).toMatchObject({ trace_id: traceId })
    expect(await stop(child)).toBe(0)
  })

  test('with a collector: spans arrive at the latest at the stop, without tokens and numbers', async () => {
    const bodies: Buffer[] = []
    const collector = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        bodies.push(Buffer.concat(parts))
        response.writeHead(200).end()
      })
    })
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
    const { port } = collector.address() as AddressInfo
    const { child, url } = await startProbe({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })
    await (await traced(url, '/outer/989123456789?token=open-sesame&query=09123456789')).text()
    expect(await stop(child)).toBe(0)
    collector.closeAllConnections()
    collector.close()
    const sent = Buffer.concat(bodies)
    expect(sent.includes(Buffer.from(traceId, 'hex'))).toBe(true)
    expect(sent.includes('GET /outer/:phone')).toBe(true)
    for (const secret of ['open-sesame', '989123456789', '09123456789'])
      expect(sent.includes(secret)).toBe(false)
  })

  test('a collector that cannot be reached changes nothing and does not hold up the stop', async () => {
    const { child, url, lines } = await startProbe({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    expect((await traced(url, '/outer/1')).status).toBe(200)
    const before = Date.now()
    expect(await stop(child)).toBe(0)
    expect(Date.now() - before).toBeLessThan(5_000)
    expect(lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})
