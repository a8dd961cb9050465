// One stack, one campaign after the other: what a tenant sees from the file to the report.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { liveMessageSchema, liveMessageTypes } from '@peyk/contracts'
import { eventually } from '@peyk/testing'

import { metricsInScrape, metricsInUse } from '../../prometheus/src/expressions.ts'
import { type SeedClient, seedClass, startTestStack, type TestStack } from './fixture.ts'
import { command, completion, MESSAGE, prepareCampaign, RECIPIENTS, reportOf, watch } from './run-campaign.ts'

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack({ WS_PING_INTERVAL: '1s' })
}, 90_000)
afterAll(async () => {
  await stack[Symbol.asyncDispose]()
}, 60_000)

/** `+98...` of every row of the example, with its name. */
const exampleRows = async () => {
  const digits = (text: string) => text.replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0))
  const rows = (await readFile(RECIPIENTS, 'utf8')).trim().split('\n').slice(1)
  return rows.map((row) => {
    const [number = '', name = ''] = row.split(',')
    return { number: `98${digits(number).replace(/^(\+98|0098|0)/, '')}`, name }
  })
}

test("the owner's class, unchanged, gets all six types and stays through heartbeats and a restart of the gateway", async () => {
  const received: { type: string }[] = []
  let pings = 0
  let opened = 0
  /** The class dials the owner's own address; the test's stack listens elsewhere. */
  class Dialled extends WebSocket {
    constructor(url: string) {
      super(url.replace('ws://localhost:3000', stack.url.replace('http', 'ws')))
      this.addEventListener('open', () => (opened += 1))
      this.addEventListener('message', ({ data }) => {
        if (data === 'ping') pings += 1
        else received.push(liveMessageSchema.parse(JSON.parse(String(data))))
      })
    }
  }
  const quiet = { log: () => undefined, error: () => undefined }
  const soon = (work: () => void, ms: number) => setTimeout(work, ms / 5)
  const CampaignWebSocket = (await seedClass())(quiet, Dialled, soon)
  const created = await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', {
    message: MESSAGE,
  })
  const { id } = created.body.campaign
  const client: SeedClient = new CampaignWebSocket(id, 1)
  client.connect()
  await eventually(() => received.some(({ type }) => type === 'campaign_update'), {
    what: 'the first snapshot',
  })

  const csv = 'phone,name\n09120000011,A\n09120000012,B\n09121100000,C\n'
  const form = new FormData()
  form.append('recipientsFile', new Blob([csv]), 'r.csv')
  await stack.call('POST', `/api/campaigns/${id}/recipients`, form)
  await stack.call('POST', `/api/campaigns/${id}/qr-code`, {})
  await eventually(() => received.some(({ type }) => type === 'qr_code'), {
    deadlineMs: 20_000,
    what: 'the QR code',
  })
  await eventually(
    async () => (await stack.call('GET', `/api/campaigns/${id}/connection`)).body['isConnected'],
    { deadlineMs: 20_000, what: 'the number to be linked' },
  )
  await stack.call('PUT', `/api/campaigns/${id}/interval`, { interval: '0.05s' })
  await command(stack, id, 'start')
  await eventually(() => received.some(({ type }) => type === 'completion_update'), {
    deadlineMs: 30_000,
    what: 'the end',
  })
  expect(new Set(received.map(({ type }) => type))).toEqual(new Set(liveMessageTypes))
  await eventually(() => pings >= 3, { what: 'three heartbeats' })

  await stack.kill('gateway', 'SIGTERM')
  await eventually(() => opened >= 2, { deadlineMs: 20_000, what: 'the class to be connected again' })
  client.disconnect()
}, 120_000)

test('the demo completes: 98 texts, each exactly its own, once; 2 are not on WhatsApp', async () => {
  const demo = join(import.meta.dirname, '../src/demo.ts')
  const folder = stack.data
  const child = spawn(process.execPath, [demo, '--url', stack.url], { cwd: folder })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()))
  await once(child, 'exit')
  expect(output).toContain('COMPLETED: 98 sent, 2 not sent')
  expect(output).toContain('2 not_on_whatsapp')
  expect(child.exitCode).toBe(0)
  const rows = await exampleRows()
  const inbox = await stack.inbox()
  expect(await countOf(stack, 'سلام ', 'پیام آزمایشی')).toBe(98)
  for (const { number, name } of rows) {
    if (number.endsWith('00000')) continue
    const messages = inbox.get(number) ?? []
    expect(messages.map(({ text, count }) => [text, count])).toEqual([
      [expect.stringContaining(`سلام ${name} عزیز!`), 1],
    ])
  }
}, 120_000)

test("the owner's advanced settings connect, and reportUrl answers", async () => {
  const { id } = (await stack.call<{ campaigns: { id: number }[] }>('GET', '/api/campaigns?limit=1')).body
    .campaigns[0] ?? { id: 1 }
  const url = `${stack.url.replace('http', 'ws')}/ws/campaigns?campaignId=${id}&userId=7`
  const token = await stack.token('local', '7', 'admin')
  const settings = { protocols: ['campaign-updates'], headers: { Authorization: `Bearer ${token}` } }
  const socket = new WebSocket(url, settings)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  expect(socket.protocol).toBe('campaign-updates')
  socket.close()
  expect((await stack.call('GET', `/api/campaigns/${id}/report`)).status).toBe(200)
})

describe('control', () => {
  test('no message comes after a pause was answered; resume sends exactly the rest; the figures agree', async () => {
    const before = await stack.inbox()
    const { id, live } = await prepareCampaign(stack, { message: 'pause {{name}}', interval: '0.1s' })
    await command(stack, id, 'start')
    await eventually(() => (live.newest('progress_update')?.progress.sent ?? 0) >= 5, {
      what: 'a few to be sent',
    })
    await command(stack, id, 'pause')
    const paused = await countOf(stack, 'pause ')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await countOf(stack, 'pause ')).toBe(paused)
    await command(stack, id, 'resume')
    const { report } = await completion(live)
    expect(report).toMatchObject({ status: 'COMPLETED', totalSent: 98, totalFailed: 2 })
    expect(await countOf(stack, 'pause ')).toBe(98)
    await agree(stack, id, live)
    live.close()
    expect(before.size).toBeGreaterThan(0)
  }, 90_000)

  test('cancel is final: the rest is skipped, and nothing is sent any more', async () => {
    const { id, live } = await prepareCampaign(stack, { message: 'cancel {{name}}', interval: '0.1s' })
    await command(stack, id, 'start')
    await eventually(() => (live.newest('progress_update')?.progress.sent ?? 0) >= 3, {
      what: 'a few to be sent',
    })
    const cancelled = await command(stack, id, 'cancel')
    expect(cancelled.status).toBe('CANCELLED')
    const sent = await countOf(stack, 'cancel ')
    const { report } = await completion(live)
    expect(report.status).toBe('CANCELLED')
    expect(report.totalSent + report.totalFailed).toBe(100)
    expect(await countOf(stack, 'cancel ')).toBe(sent)
    const again = await stack.call('POST', `/api/campaigns/${id}/resume`, {})
    expect([again.status, again.body['code']]).toEqual([409, 'wrong_state'])
    live.close()
  }, 60_000)

  test('two tenants at the same time do not see each other', async () => {
    const tokens = {
      a: await stack.token('acme', 'u1', 'member'),
      b: await stack.token('globex', 'u1', 'member'),
    }
    const csv = (start: number) =>
      `phone,name\n${Array.from({ length: 10 }, (_, i) => `0912${start + i},N${i}`).join('\n')}\n`
    const run = async (token: string, message: string, start: number) => {
      const prepared = await prepareCampaign(stack, { token, user: 'u1', message, csv: csv(start) })
      await command(stack, prepared.id, 'start', token)
      return prepared
    }
    const [a, b] = await Promise.all([
      run(tokens.a, 'acme {{name}}', 5_100_101),
      run(tokens.b, 'globex {{name}}', 5_200_101),
    ])
    for (const { live } of [a, b])
      expect((await completion(live)).report).toMatchObject({ totalSent: 10, totalFailed: 0 })
    expect(a.live.messages.every(({ campaignId }) => campaignId === a.id)).toBe(true)
    const foreign = await stack.call('GET', `/api/campaigns/${a.id}`, undefined, { token: tokens.b })
    const missing = await stack.call('GET', '/api/campaigns/999999', undefined, { token: tokens.b })
    expect([foreign.status, foreign.body]).toEqual([missing.status, missing.body])
    expect(foreign.status).toBe(404)
    const report = await stack.call('GET', `/api/campaigns/${a.id}/report`, undefined, { token: tokens.b })
    expect(report.status).toBe(404)
    const lists = await stack.call<{ campaigns: { id: number }[] }>('GET', '/api/campaigns', undefined, {
      token: tokens.b,
    })
    expect(lists.body.campaigns.map(({ id }) => id)).toEqual([b.id])
    a.live.close()
    b.live.close()
  }, 60_000)
})

test('a link opens the report without a login until it is revoked', async () => {
  const { body } = await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', {
    message: MESSAGE,
  })
  const path = `/api/campaigns/${body.campaign.id}/report/share`
  const shared = await stack.call<{ share: { url: string } }>('POST', path, {})
  const open = async () => (await fetch(`${stack.url}${shared.body.share.url}`)).status
  expect(await open()).toBe(200)
  await stack.call('DELETE', path)
  expect(await open()).toBe(404)
})

describe('refusals', () => {
  const problem = async (...args: Parameters<TestStack['call']>) => {
    const { status, body } = await stack.call<{ code?: string }>(...args)
    return [status, body.code]
  }
  test('a wrong file', async () => {
    const created = await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', { message: 'x' })
    const form = new FormData()
    form.append('recipientsFile', new Blob([Buffer.from('not a workbook')]), 'r.xlsx')
    const { id } = created.body.campaign
    expect(await problem('POST', `/api/campaigns/${id}/recipients`, form)).toEqual([400, 'invalid_file'])
    expect((await stack.call('GET', `/api/campaigns/${id}`)).body).toMatchObject({
      campaign: { status: 'DRAFT' },
    })
  })
  test('a wrong number', async () => {
    const { campaign } = (
      await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', { message: 'x' })
    ).body
    expect(await problem('POST', `/api/campaigns/${campaign.id}/test-send`, { phone: '12' })).toEqual([
      400,
      'invalid_phone',
    ])
  })
  test('a wrong state', async () => {
    const { campaign } = (
      await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', { message: 'x' })
    ).body
    expect(await problem('POST', `/api/campaigns/${campaign.id}/pause`, {})).toEqual([409, 'wrong_state'])
  })
  test('a wrong body names the field', async () => {
    const { status, body } = await stack.call<{ code: string; errors: { path: string }[] }>(
      'POST',
      '/api/campaigns',
      { message: 5 },
    )
    expect([status, body.code, body.errors[0]?.path]).toEqual([400, 'invalid_request', 'message'])
  })
  test('a wrong token', async () => {
    expect(await problem('GET', '/api/campaigns', undefined, { token: 'x.y.z' })).toEqual([
      401,
      'unauthorized',
    ])
    const socket = new WebSocket(
      `${stack.url.replace('http', 'ws')}/ws/campaigns?campaignId=1&userId=1&token=x.y.z`,
    )
    const event = await new Promise<string>((resolve) => {
      socket.onopen = () => resolve('open')
      socket.onerror = () => resolve('refused')
    })
    expect(event).toBe('refused')
  })
  test.each(['*', '>', 'a.b', ' ', '../x', 'a'.repeat(200)])('[A5] the tenant %j', async (tenant) => {
    const token = await stack.token(tenant, '1', 'admin')
    expect((await problem('GET', '/api/campaigns', undefined, { token }))[0]).toBe(401)
  })
  test.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'x-forwarded-for': '10.0.0.1' }],
  ])('local mode: %j', async (headers) => {
    expect(await problem('GET', '/api/campaigns', undefined, { headers })).toEqual([403, 'forbidden_origin'])
  })
  test('local mode: a name that was rebound to this machine', async () => {
    const { port } = new URL(stack.url)
    const headers = { host: `evil.example:${port}` }
    const [answer] = (await once(
      get({ host: '127.0.0.1', port, path: '/api/campaigns', headers }),
      'response',
    )) as [IncomingMessage]
    answer.resume()
    expect(answer.statusCode).toBe(403)
  })
  test('local mode: a form of another site, and one that hides where it comes from', async () => {
    const body = '{"message":"x"}'
    const form = (headers: Record<string, string>) =>
      fetch(new URL('/api/campaigns', stack.url), {
        method: 'POST',
        headers: { 'content-type': 'text/plain', ...headers },
        body,
      })
    const origin = 'https://evil.example'
    expect((await form({ origin, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await form({})).status).toBe(415)
  })
})

test('every metric that a dashboard or an alert names is in a scrape of its services', async () => {
  const scrapes = Object.values(stack.file().admin).map(async (url) => (await fetch(`${url}/metrics`)).text())
  const there = metricsInScrape((await Promise.all(scrapes)).join(''))
  expect([...(await metricsInUse())].filter((name) => !there.has(name))).toEqual([])
})

test("deleting reporting's file and starting again gives the same report, byte for byte", async () => {
  const { campaigns } = (
    await stack.call<{ campaigns: { id: number; status: string }[] }>('GET', '/api/campaigns?limit=100')
  ).body
  const finished = campaigns.filter(({ status }) => status === 'COMPLETED').map(({ id }) => id)
  expect(finished.length).toBeGreaterThan(0)
  const reports = () => Promise.all(finished.map(async (id) => JSON.stringify(await reportOf(stack, id))))
  const before = await reports()
  await rm(join(stack.data, 'reporting'), { recursive: true })
  await stack.kill('reporting')
  await eventually(
    async () => {
      expect(await reports()).toEqual(before)
      return true
    },
    { deadlineMs: 30_000, what: 'the same reports' },
  )
}, 60_000)

const countOf = async (of: TestStack, prefix: string, part = ''): Promise<number> => {
  let count = 0
  for (const messages of (await of.inbox()).values())
    for (const message of messages)
      if (message.text.startsWith(prefix) && message.text.includes(part)) count += message.count
  return count
}

/** Ledger, report and the last campaign_update agree to the unit. */
const agree = async (of: TestStack, id: number, live: ReturnType<typeof watch>): Promise<void> => {
  await eventually(
    async () => {
      const report = await reportOf(of, id)
      const update = live.newest('campaign_update')
      expect(update?.status).toBe('COMPLETED')
      expect(update?.progress).toEqual(report.campaign.progress)
      return true
    },
    { what: 'feed and report to agree' },
  )
}
