import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { startWhatsAppServer, type WhatsAppServer } from '../index.ts'

describe('the control door', () => {
  let server: WhatsAppServer
  beforeAll(async () => {
    server = await startWhatsAppServer()
  })
  afterAll(() => server.stop())

  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(server.controlUrl + path, {
      method,
      headers,
      ...(body !== undefined && { body: text }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const badFields = (body: Record<string, unknown>) =>
    (body['errors'] as { path: string }[]).map(({ path }) => path)

  test.each([
    ['/faults', { type: 'nack', code: 12 }, ['code']],
    ['/faults', { type: 'nack', code: 463, to: '+98 912' }, ['to']],
    ['/faults', { type: 'ban' }, ['number']],
    ['/faults', { type: 'earthquake' }, ['type']],
    ['/faults', { type: 'dropAck', ratio: 2, times: 0 }, ['ratio', 'times']],
    ['/replies', { from: '989121111111' }, ['text']],
    ['/receipts', { number: '989121111111', from: '989121111112', messageIds: [] }, ['messageIds']],
  ])('POST %s with %j: 400, with the fields that are wrong', async (path, body, fields) => {
    const answer = await ask('POST', path, body)
    expect(answer.status).toBe(400)
    expect(badFields(answer.body)).toEqual(fields)
  })

  test('what is no JSON, no number, or no request', async () => {
    expect(await ask('POST', '/faults', '{')).toMatchObject({
      status: 400,
      body: { error: 'the body is not JSON' },
    })
    expect(await ask('GET', '/messages?number=abc')).toMatchObject({ status: 400 })
    expect(await ask('GET', '/nothing')).toMatchObject({ status: 404 })
    expect(await ask('POST', '/faults', 'x'.repeat(3_000_000))).toMatchObject({ status: 413 })
  })

  test('what cannot be done now', async () => {
    const stranger = { from: '989121111111', text: 'hi' }
    expect(await ask('POST', '/replies', stranger)).toMatchObject({ status: 409 })
    expect(await ask('POST', '/replies', { ...stranger, to: '989901111111' })).toMatchObject({ status: 409 })
  })

  test('a page in a browser is refused', async () => {
    expect(await ask('GET', '/healthz', undefined, { origin: 'http://localhost' })).toMatchObject({
      status: 403,
    })
  })

  test('health and trust', async () => {
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200, body: { ok: true, sockets: 0 } })
    const { rootCa, mediaCa } = server
    expect(await ask('GET', '/trust')).toEqual({ status: 200, body: { rootCa, mediaCa } })
  })
})
