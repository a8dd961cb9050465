import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

import { afterEach, describe, expect, test } from '@jest/globals'
import { campaignIdTextSchema, type Problem } from '@peyk/contracts'
import { SignJWT } from 'jose'
import { z } from 'zod'

import { createMetrics } from '../admin/metrics.ts'
import { createAuthenticator } from '../auth/authenticator.ts'
import { authSettings } from '../auth/auth-settings.ts'
import { readSettings } from '../config/read-settings.ts'
import { httpSettings } from '../config/settings.ts'
import { createLogger } from '../log/logger.ts'
import { createHttpApi, type HttpApi, type HttpApiOptions } from './http-api.ts'
import type { Listening } from './listen.ts'
import { ProblemError } from './problem-error.ts'

const SECRET = 'a secret of more than thirty-two bytes'
const JSON_TYPE = { 'content-type': 'application/json' }

const open: Listening[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ close }) => close()))
})

async function serve(
  routes: (api: HttpApi) => void,
  environment: Record<string, string> = {},
  fallback?: HttpApiOptions['fallback'],
) {
  const settings = readSettings(z.object({ ...httpSettings({ port: 0 }), ...authSettings }), {
    AUTH_MODE: 'local',
    JWT_SECRET: SECRET,
    HTTP_BODY_LIMIT: '1KiB',
    ...environment,
  })
  const lines: string[] = []
  const metrics = createMetrics()
  const api = createHttpApi({
    settings,
    authenticator: createAuthenticator(settings),
    log: createLogger({ name: 'test', level: 'debug', destination: { write: (line) => lines.push(line) } }),
    metrics,
    ...(fallback === undefined ? {} : { fallback }),
  })
  routes(api)
  const listening = await api.listen()
  open.push(listening)
  const call = (path: string, init: RequestInit = {}) => fetch(`${listening.url}${path}`, init)
  return { ...listening, call, lines, metrics }
}

const problemOf = async (response: Response | Promise<Response>) => {
  const { headers, status, ...rest } = await response
  const body = (await (await response).json()) as Problem
  expect((await response).headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect(body.status).toBe((await response).status)
  return { ...body, headers, status, rest }
}

const token = (claims: object) =>
  new SignJWT({ sub: 'u1', tenant: 'acme', roles: ['member'], ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET))

describe('a route', () => {
  test('gets its parsed parts and answers JSON', async () => {
    const { call } = await serve((api) =>
      api.route(
        'POST',
        '/campaigns/:id',
        {
          params: z.object({ id: campaignIdTextSchema }),
          query: z.object({ dry: z.enum(['yes', 'no']).default('no') }),
          body: z.strictObject({ title: z.string() }),
        },
        ({ params, query, body, principal }) => ({ status: 201, body: { params, query, body, principal } }),
      ),
    )
    const response = await call('/campaigns/7', {
      method: 'POST',
      body: '{"title":"سلام"}',
      headers: JSON_TYPE,
    })
    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({
      params: { id: 7 },
      query: { dry: 'no' },
      body: { title: 'سلام' },
      principal: { tenant: 'local', userId: '1', roles: ['admin'] },
    })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-powered-by')).toBeNull()
  })

  test('says each bad field with its path', async () => {
    const { call } = await serve((api) =>
      api.route(
        'POST',
        '/x',
        { body: z.strictObject({ recipients: z.array(z.object({ phone: z.string() })), title: z.string() }) },
        () => ({}),
      ),
    )
    const bad = await problemOf(
      call('/x', { method: 'POST', body: '{"recipients":[{"phone":1}],"extra":1}', headers: JSON_TYPE }),
    )
    expect(bad.code).toBe('invalid_request')
    expect(bad.errors?.map(({ path }) => path)).toEqual(['recipients.0.phone', 'title', ''])
    const empty = await problemOf(call('/x', { method: 'POST' }))
    expect(empty.errors?.map(({ path }) => path)).toEqual(['recipients', 'title'])
  })

  test('streams: an upload in, a download out, of Node or of the web', async () => {
    const { call } = await serve((api) => {
      api.route('POST', '/upload', { upload: 'stream' }, async ({ request }) => ({
        body: { length: (await text(request)).length },
      }))
      api.route('GET', '/node', {}, () => ({
        stream: Readable.from(['a', 'b']),
        headers: { 'content-type': 'text/csv' },
      }))
      api.route('GET', '/web', {}, () => ({ stream: Readable.toWeb(Readable.from([Buffer.from('w')])) }))
      api.route('GET', '/buffer', {}, () => ({ stream: Buffer.from('xlsx') }))
    })
    const upload = { method: 'POST', body: 'x'.repeat(5_000), headers: { 'content-type': 'text/csv' } }
    expect(await (await call('/upload', upload)).json()).toEqual({ length: 5_000 })
    const node = await call('/node')
    expect([node.headers.get('content-type'), await node.text()]).toEqual(['text/csv', 'ab'])
    expect(await (await call('/web')).text()).toBe('w')
    expect(await (await call('/buffer')).text()).toBe('xlsx')
    expect(await (await call('/node', { method: 'HEAD' })).text()).toBe('')
  })

  test('a stream that fails half-way is cut, not ended as if it were whole', async () => {
    const { call } = await serve((api) =>
      api.route('GET', '/half', {}, () => ({
        stream: Readable.from(
          (function* () {
            yield 'a'.repeat(100_000)
            throw new Error('the store went away')
          })(),
        ),
      })),
    )
    await expect(call('/half').then((response) => response.text())).rejects.toThrow()
  })

  test('learns that the client went away', async () => {
    const arrived = Promise.withResolvers<AbortSignal>()
    const { call } = await serve((api) =>
      api.route('GET', '/long', {}, async ({ signal }) => {
        arrived.resolve(signal)
        await once(signal, 'abort')
        return {}
      }),
    )
    const client = new AbortController()
    const answer = call('/long', { signal: client.signal }).catch(() => 'aborted')
    const signal = await arrived.promise
    client.abort()
    if (!signal.aborted) await once(signal, 'abort')
    expect(await answer).toBe('aborted')
  })
})

describe('a problem', () => {
  const body = z.object({ a: z.string().optional() })
  const routes = (api: HttpApi) => {
    api.route('POST', '/json', { body }, () => ({ status: 200, body: {} }))
    api.route('GET', '/json', {}, () => ({ body: {} }))
    api.route('POST', '/start', {}, () => ({ body: {} }))
    api.route('GET', '/thrown', {}, () => {
      throw new ProblemError('wrong_state', {
        detail: 'the campaign is DRAFT',
        headers: { 'retry-after': '3' },
      })
    })
    api.route('GET', '/bug', {}, () => {
      throw new Error('secret detail 989123456789')
    })
  }
  const post = (content: string, headers: Record<string, string> = JSON_TYPE) => ({
    method: 'POST',
    body: content,
    headers,
  })
  const cases: readonly (readonly [string, string, RequestInit, number, string])[] = [
    ['no such path', '/nope', {}, 404, 'not_found'],
    ['a path that cannot be decoded', '/%', {}, 404, 'not_found'],
    ['another method', '/json', { method: 'DELETE' }, 405, 'method_not_allowed'],
    ['malformed JSON', '/json', post('{"a":'), 400, 'invalid_json'],
    ['JSON that is no object', '/json', post('"a"'), 400, 'invalid_json'],
    ['no media type', '/json', post('{}', { 'content-type': '' }), 415, 'unsupported_media_type'],
    [
      'a form',
      '/json',
      post('a=1', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'unsupported_media_type',
    ],
    [
      'text that is JSON',
      '/json',
      post('{}', { 'content-type': 'text/plain' }),
      415,
      'unsupported_media_type',
    ],
    [
      'a form to a route without a body',
      '/start',
      post('a=1', { 'content-type': 'text/plain' }),
      415,
      'unsupported_media_type',
    ],
    [
      'an unknown charset',
      '/json',
      post('{}', { 'content-type': 'application/json; charset=x' }),
      415,
      'unsupported_media_type',
    ],
    ['a large body', '/json', post(JSON.stringify({ a: 'x'.repeat(2_000) })), 413, 'payload_too_large'],
    ['__proto__', '/json', post('{"__proto__":{"admin":true}}'), 400, 'invalid_request'],
    ['an escaped __proto__', '/json', post('{"a":1,"\\u005f_proto__":{}}'), 400, 'invalid_request'],
    ['constructor.prototype', '/json', post('{"constructor":{"prototype":{"x":1}}}'), 400, 'invalid_request'],
    ['deep JSON', '/json', post('['.repeat(1_000)), 400, 'invalid_json'],
    ['a thrown problem', '/thrown', {}, 409, 'wrong_state'],
    ['a bug', '/bug', {}, 500, 'internal'],
    [
      'a bad Idempotency-Key',
      '/start',
      { method: 'POST', headers: { 'idempotency-key': 'x'.repeat(256) } },
      400,
      'invalid_request',
    ],
  ]
  test.each(cases)('%s', async (_, path, init, status, code) => {
    const { call } = await serve(routes)
    const problem = await problemOf(call(path, init))
    expect([problem.status, problem.code]).toEqual([status, code])
    expect(problem.type).toBe(`/problems/${code}`)
  })

  test('of a wrong method says the right ones; a thrown one keeps its headers', async () => {
    const { call } = await serve(routes)
    expect((await call('/json', { method: 'PUT' })).headers.get('allow')).toBe('POST, GET, HEAD')
    expect((await call('/thrown')).headers.get('retry-after')).toBe('3')
  })

  test('of a bug tells nothing to the client and one line to the log, redacted', async () => {
    const { call, lines } = await serve(routes)
    const response = await call('/bug', { headers: { 'x-correlation-id': 'trip-1' } })
    expect(response.headers.get('x-correlation-id')).toBe('trip-1')
    expect(await response.text()).not.toContain('secret')
    const errors = lines.filter((line) => line.includes('request_failed'))
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain('"correlationId":"trip-1"')
    expect(errors[0]).toContain('secret detail [number]')
  })
})

describe('tokens', () => {
  const routes = (api: HttpApi) => {
    api.route('GET', '/me', {}, ({ principal }) => ({ body: principal }))
    api.route('GET', '/admin', { roles: ['operator', 'admin'] }, () => ({ body: {} }))
    api.route('GET', '/open', { access: 'public' }, () => ({ body: 'open' }))
  }
  const bearer = async (claims: object) => ({ headers: { authorization: `Bearer ${await token(claims)}` } })

  test('are demanded in jwt mode, except by public routes', async () => {
    const { call } = await serve(routes, { AUTH_MODE: 'jwt' })
    const refused = await call('/me')
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await call('/open')).status).toBe(200)
    expect(await (await call('/me', await bearer({}))).json()).toEqual({
      tenant: 'acme',
      userId: 'u1',
      roles: ['member'],
    })
  })

  test('that are bad are refused with the reason and never shown again, in local mode too', async () => {
    for (const mode of ['jwt', 'local']) {
      const { call, lines } = await serve(routes, { AUTH_MODE: mode })
      const expired = await token({ nbf: Math.floor(Date.now() / 1_000) + 600 })
      const problem = await problemOf(call('/me', { headers: { authorization: `Bearer ${expired}` } }))
      expect([problem.status, problem.code, problem.detail]).toEqual([
        401,
        'unauthorized',
        'not yet valid: nbf',
      ])
      expect(problem.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
      expect(lines.join('')).not.toContain(expired)
      expect((await call('/me', { headers: { authorization: 'Basic abc' } })).status).toBe(401)
    }
  })

  test('without the role are refused with 403', async () => {
    const { call } = await serve(routes, { AUTH_MODE: 'jwt' })
    expect((await problemOf(call('/admin', await bearer({})))).code).toBe('forbidden')
    expect((await call('/admin', await bearer({ roles: ['operator'] }))).status).toBe(200)
  })
})

describe('local mode', () => {
  const routes = (api: HttpApi) => api.route('GET', '/x', {}, () => ({ body: {} }))

  /** fetch sets Host and Sec-Fetch headers by itself; this says them as they are. */
  async function raw(port: number, headers: Record<string, string>): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    const lines = Object.entries({ connection: 'close', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    socket.end(`GET /x HTTP/1.1\r\n${lines.join('')}\r\n`)
    return (await text(socket)).split('\r\n')[0] ?? ''
  }

  test('refuses a rebound host, a foreign page and a proxy with 403', async () => {
    const { port } = await serve(routes)
    const host = `localhost:${port}`
    expect(await raw(port, { host })).toContain('200')
    expect(await raw(port, { host: `evil.example:${port}` })).toContain('403')
    expect(await raw(port, { host, origin: 'https://evil.example' })).toContain('403')
    expect(await raw(port, { host, origin: 'null' })).toContain('403')
    expect(await raw(port, { host, 'sec-fetch-site': 'cross-site' })).toContain('403')
    expect(await raw(port, { host, 'x-forwarded-for': '1.2.3.4' })).toContain('403')
  })

  test('takes the public port in Host, for services behind the gateway', async () => {
    const { port } = await serve(routes, { PUBLIC_PORT: '3000' })
    expect(await raw(port, { host: 'localhost:3000' })).toContain('200')
    expect(await raw(port, { host: 'localhost:3999' })).toContain('403')
  })

  test('listens on both loopback addresses and on nothing else', async () => {
    const { port, servers } = await serve(routes)
    expect(servers.length).toBeGreaterThanOrEqual(1)
    expect((await fetch(`http://127.0.0.1:${port}/x`)).status).toBe(200)
    await expect(serve(routes, { HOST: '0.0.0.0' })).rejects.toThrow('bad settings: HOST')
  })
})

describe('[A1] the command id', () => {
  const routes = (api: HttpApi) => {
    for (const path of ['/a', '/b']) api.route('POST', path, {}, ({ commandId }) => ({ body: commandId }))
  }
  test('is the same for the same key, user and route, and new without a key', async () => {
    const { call } = await serve(routes)
    const id = async (path: string, key?: string, claims?: object) => {
      const headers = {
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(claims === undefined ? {} : { authorization: `Bearer ${await token(claims)}` }),
      }
      return (await call(path, { method: 'POST', headers })).json()
    }
    const first = await id('/a', 'k1', {})
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/)
    expect(await id('/a', 'k1', {})).toBe(first)
    const others = await Promise.all([
      id('/b', 'k1', {}),
      id('/a', 'k2', {}),
      id('/a', 'k1', { sub: 'u2' }),
      id('/a', 'k1', { tenant: 'other' }),
      id('/a'),
      id('/a'),
    ])
    expect(new Set([first, ...others]).size).toBe(7)
  })
})

test('a correlation id that could be a number or a token is replaced', async () => {
  const { call } = await serve((api) =>
    api.route('GET', '/x', {}, ({ correlationId }) => ({ body: correlationId })),
  )
  const idFor = async (id: string) => (await call('/x', { headers: { 'x-correlation-id': id } })).json()
  expect(await idFor('trip-1')).toBe('trip-1')
  for (const id of ['989123456789', 'to-09123456789', 'a b', 'x'.repeat(129)])
    expect(await idFor(id)).toMatch(/^[0-9a-f-]{36}$/)
})

test('metrics name the pattern of the route, never the path', async () => {
  const { call, metrics } = await serve((api) =>
    api.route('GET', '/campaigns/:id', {}, () => {
      throw new ProblemError('campaign_not_found')
    }),
  )
  await (await call('/campaigns/989123456789')).text()
  await (await call('/989123456789')).text()
  const scrape = await metrics.metrics()
  expect(scrape).toContain(
    'http_request_duration_seconds_count{method="GET",route="/campaigns/:id",status="404"} 1',
  )
  expect(scrape).toContain('http_problems_total{route="unmatched",code="not_found"} 1')
  expect(scrape).not.toContain('989123456789')
})

test('what no route takes goes to the fallback, whose failure is a problem too', async () => {
  const { call } = await serve(
    () => undefined,
    {},
    (request, response) => {
      if (request.url === '/bad') throw new Error('no')
      response.end('file')
    },
  )
  expect(await (await call('/index.html')).text()).toBe('file')
  expect((await problemOf(call('/bad'))).code).toBe('internal')
})
