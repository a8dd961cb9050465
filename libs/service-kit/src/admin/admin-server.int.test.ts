import { afterEach, describe, expect, test } from '@jest/globals'
import { Counter, Histogram } from 'prom-client'

import { ReadinessRegistry } from '../run/readiness.ts'
import { type AdminServer, startAdminServer } from './admin-server.ts'
import { createMetrics } from './metrics.ts'

let server: AdminServer | undefined
afterEach(() => server?.close())

async function start() {
  const readiness = new ReadinessRegistry()
  const metrics = createMetrics()
  const { url } = (server = await startAdminServer({ host: '127.0.0.1', port: 0, readiness, metrics }))
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers })
  return { readiness, metrics, get }
}

describe('/readyz', () => {
  test('is 503 until the start is done, and tells each check', async () => {
    const { readiness, get } = await start()
    let trouble: string | undefined = 'not connected to 989123456789'
    readiness.add('nats', () => trouble)
    readiness.add('store', () => Promise.reject(new Error('gone')), { informative: true })
    expect((await get('/readyz')).status).toBe(503)
    readiness.started()
    const red = await get('/readyz')
    expect(red.status).toBe(503)
    expect(await red.json()).toEqual({
      ready: false,
      state: 'running',
      checks: {
        nats: { ok: false, detail: 'not connected to [number]' },
        store: { ok: false, detail: 'Error: gone', informative: true },
      },
    })
    trouble = undefined
    expect((await get('/readyz')).status).toBe(200)
    readiness.stopping()
    readiness.started()
    expect((await get('/readyz')).status).toBe(503)
  })
})

test('/livez answers, other paths are 404, other methods 405', async () => {
  const { get } = await start()
  expect((await get('/livez')).status).toBe(200)
  expect((await get('/debug')).status).toBe(404)
  expect((await fetch(`${server?.url ?? ''}/livez`, { method: 'POST' })).status).toBe(405)
})

describe('/metrics', () => {
  async function withMetrics() {
    const { metrics, get } = await start()
    new Counter({ name: 'things_total', help: 'Things.', labelNames: ['kind'], registers: [metrics] }).inc(
      { kind: 'a' },
      3,
    )
    const duration = new Histogram({
      name: 'work_seconds',
      help: 'Work.',
      buckets: [1],
      enableExemplars: true,
      registers: [metrics],
    })
    duration.observe({ value: 0.5, exemplarLabels: { trace_id: '0af7' } })
    return get
  }

  test('is OpenMetrics with exemplars for who asks for it', async () => {
    const get = await withMetrics()
    const response = await get('/metrics', { accept: 'application/openmetrics-text; version=1.0.0' })
    expect(response.headers.get('content-type')).toContain('application/openmetrics-text')
    const scrape = await response.text()
    expect(scrape).toContain('# TYPE things counter\nthings_total{kind="a"} 3')
    expect(scrape).toMatch(/work_seconds_bucket\{le="1"\} 1 # \{trace_id="0af7"\} 0\.5 /)
    expect(scrape).toMatch(/# EOF\n$/)
  })

  test('is the older text for others, also after an OpenMetrics scrape', async () => {
    const get = await withMetrics()
    await (await get('/metrics', { accept: 'application/openmetrics-text' })).text()
    const scrape = await (await get('/metrics')).text()
    expect(scrape).toContain(
      '# HELP things_total Things.\n# TYPE things_total counter\nthings_total{kind="a"} 3',
    )
    expect(scrape).toMatch(/^work_seconds_bucket\{le="1"\} 1$/m)
    expect(scrape).not.toContain('EOF')
    expect(scrape).toContain('nodejs_eventloop_lag_seconds')
  })
})
