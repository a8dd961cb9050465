// docs/websocket-events.fa.md is the contract as the owner wrote it: it is served, and each of its blocks is run here.
import { readFile } from 'node:fs/promises'
import { createContext, runInContext } from 'node:vm'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  campaignIdSchema,
  keys,
  liveMessageSchema,
  type LiveMessageType,
  liveMessageTypes,
  LOCAL_TENANT,
  subjects,
} from '@peyk/contracts'
import { openBucket } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  samples,
  startGatewayFixture,
  token,
} from './testing/gateway-fixture.ts'

const guide = await readFile(new URL('../../../docs/websocket-events.fa.md', import.meta.url), 'utf8')
const blocksOf = (language: string): string[] =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, block]) => block ?? '')

let fixture: GatewayFixture
let local: GatewayProcess
const id = campaignIdSchema.parse(1)

beforeAll(async () => {
  fixture = await startGatewayFixture()
  local = await fixture.startGateway({ environment: { AUTH_MODE: 'local' } })
  const access = { campaignId: id, tenant: LOCAL_TENANT, ownerId: '1' }
  await openBucket(fixture.nats, 'campaign_access').put(keys.campaignAccess(id), access)
  await publish('campaign_update')
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

const publish = (type: LiveMessageType, data = samples[type]) =>
  fixture.publisher.publish(subjects.live(LOCAL_TENANT, id, type), data)

/** A block in a page of its own: the owner's address is where the gateway of the test listens, and time runs faster. */
const page = (port: number, globals: Record<string, unknown> = {}) => {
  const [sockets, lines]: [WebSocket[], string[]] = [[], []]
  const [called, parameters]: [unknown[][], unknown[]] = [[], []]
  class Dialled extends WebSocket {
    constructor(url: string, settings?: ConstructorParameters<typeof WebSocket>[1]) {
      super(url.replace('ws://localhost:3000', `ws://localhost:${port}`), settings)
      sockets.push(this)
      parameters.push(settings)
    }
  }
  const say = (...parts: unknown[]) => void lines.push(parts.map(String).join(' '))
  const calls =
    (name: string) =>
    (...given: unknown[]) =>
      void called.push([name, ...given])
  const context = createContext({
    WebSocket: Dialled,
    console: { log: say, error: say },
    setTimeout: (work: () => void, ms: number) => setTimeout(work, ms / 100),
    ...Object.fromEntries(
      [
        'updateCampaignUI',
        'updateProgressBar',
        'updateStatus',
        'showError',
        'displayQRCode',
        'showCompletionReport',
      ].map((name) => [name, calls(name)]),
    ),
    reconnect: calls('reconnect'),
    ...globals,
  })
  return { sockets, lines, called, run: (block: string): unknown => runInContext(block, context), parameters }
}
const opened = async (socket: WebSocket | undefined): Promise<WebSocket> => {
  if (socket === undefined) throw new Error('nothing was dialled')
  await eventually(() => socket.readyState === WebSocket.OPEN, { what: 'the connection' })
  return socket
}
const open = () => opened(new WebSocket(`ws://localhost:${local.port}/ws/campaigns?campaignId=1&userId=1`))
const message = (type: LiveMessageType) => ({ type, campaignId: 1, data: samples[type] })

/** A handler of one type, as a block shows it: what it calls, and with what. */
const tells =
  (type: LiveMessageType, ...expected: unknown[]) =>
  async (block: string) => {
    const seen = Promise.withResolvers<unknown>()
    const socket = await open()
    socket.onmessage = ({ data }) => {
      const given = JSON.parse(String(data)) as { type: string }
      if (given.type === type) seen.resolve(given)
    }
    await publish(type)
    const shown = page(local.port, { data: await seen.promise })
    shown.run(block)
    expect(shown.called).toEqual([expected])
    socket.close()
  }

/** What each JavaScript block of the guide does, by how it begins or what only it contains. */
const cases: readonly (readonly [string, (block: string) => Promise<void>])[] = [
  [
    'WebSocket connected");\n};\n\nsocket.onclose',
    async (block) => {
      const { run, sockets, lines } = page(local.port)
      run(block)
      ;(await opened(sockets[0])).close()
      await eventually(() => lines.includes('WebSocket disconnected'), { what: 'the end' })
      expect(lines).toEqual(['WebSocket connected', 'WebSocket disconnected'])
    },
  ],
  [
    'updateCampaignUI(data.data);\n  }\n};',
    async (block) => {
      const socket = await open()
      const { run, called } = page(local.port, { socket })
      run(block)
      await publish('campaign_update')
      await eventually(() => called.length > 0, { what: 'the call' })
      expect(called.at(-1)).toEqual(['updateCampaignUI', samples.campaign_update])
      socket.close()
    },
  ],
  [
    'updateProgressBar',
    tells('progress_update', 'updateProgressBar', { sent: 1, total: 2, current: '0912' }),
  ],
  ['updateStatus(', tells('status_update', 'updateStatus', 'ready', 'WhatsApp connected successfully')],
  ['showError(', tells('error_update', 'showError', 'x')],
  ['displayQRCode(', tells('qr_code', 'displayQRCode', 'data:image/png;base64,AA')],
  [
    'showCompletionReport(data.data.report);\n}\n',
    tells(
      'completion_update',
      'showCompletionReport',
      (samples.completion_update as { report: unknown }).report,
    ),
  ],
  [
    'socket.send("pong")',
    async (block) => {
      const socket = await open()
      let pings = 0
      socket.addEventListener('message', ({ data }) => (pings += Number(data === 'ping')))
      page(local.port, { socket }).run(block)
      await eventually(() => pings >= 2, { what: 'two pings' })
      expect(socket.readyState).toBe(WebSocket.OPEN)
      socket.close()
    },
  ],
  [
    'Connection closed:',
    async (block) => {
      const socket = await open()
      const { run, called, lines } = page(local.port, { socket })
      run(block)
      socket.close()
      await eventually(() => called.length > 0, { what: 'the reconnect' })
      expect([called, lines[0]]).toEqual([
        [['reconnect']],
        expect.stringContaining('Connection closed: 1005'),
      ])
    },
  ],
  [
    'function reconnect()',
    async (block) => {
      const { run, sockets, lines } = page(local.port, { socket: undefined })
      run(`${block};reconnect()`)
      await eventually(() => lines.includes('Reconnected successfully'), { what: 'the connection' })
      expect(run('socket')).toBe(sockets[0])
      sockets[0]?.close()
    },
  ],
  [
    'campaignWS.connect()',
    async (block) => {
      const { run, sockets, lines } = page(local.port)
      run(block)
      await opened(sockets[0])
      await eventually(() => lines.some((line) => line.startsWith('Campaign updated')), {
        what: 'the snapshot',
      })
      for (const type of liveMessageTypes) await publish(type)
      await eventually(() => lines.some((line) => line.startsWith('Campaign completed')), { what: 'the end' })
      run('campaignWS.maxReconnectAttempts = 0; campaignWS.disconnect()')
      expect(lines).not.toContainEqual(expect.stringContaining('Unknown message type'))
    },
  ],
  [
    'Authorization: "Bearer "',
    async (block) => {
      const given = await token({ tenant: 'local', roles: ['admin'] })
      const url = 'ws://localhost:3000/ws/campaigns?campaignId=1&userId=1'
      const { run, sockets, parameters } = page(local.port, { url, token: given })
      run(block)
      const socket = await opened(sockets[0])
      expect(socket.protocol).toBe('campaign-updates')
      expect(parameters).toEqual([
        { protocols: ['campaign-updates'], headers: { Authorization: `Bearer ${given}` } },
      ])
      socket.close()
    },
  ],
  [
    'socket.onopen = null',
    async (block) => {
      const socket = await open()
      page(local.port, { socket }).run(block)
      socket.close()
      await eventually(() => socket.onclose === null, { what: 'the handlers to be gone' })
      expect([socket.onmessage, socket.onopen, socket.onerror]).toEqual([null, null, null])
    },
  ],
  [
    'Parsed data:',
    async (block) => {
      const socket = await open()
      const { run, lines } = page(local.port, { socket })
      run(block)
      await publish('status_update')
      await eventually(() => lines.some((line) => line.startsWith('Parsed data:')), { what: 'the message' })
      socket.close()
    },
  ],
  [
    'case "ECONNREFUSED"',
    (block) => {
      const socket: { onerror?: (error: { code?: string }) => void } = {}
      const { run, lines } = page(local.port, { socket })
      run(block)
      for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'other']) socket.onerror?.({ code })
      expect(lines).toEqual(expect.arrayContaining(['Connection refused', 'Host not found']))
      return Promise.resolve()
    },
  ],
  [
    'function handleConnectionError',
    async (block) => {
      const socket = await open()
      const { run, called } = page(local.port, { socket })
      socket.close()
      await eventually(() => socket.readyState === WebSocket.CLOSED, { what: 'the end' })
      run(`${block};handleConnectionError(new Error("x"))`)
      await eventually(() => called.length > 0, { what: 'the reconnect' })
    },
  ],
  [
    'class WebSocketMonitor',
    (block) => {
      const counted = page(local.port).run(
        `${block};const m = new WebSocketMonitor(); m.onConnect(); m.onMessage(); m.onMessage(); m.onError(); m`,
      )
      expect(counted).toMatchObject({ connectionCount: 1, messageCount: 2, errorCount: 1 })
      return Promise.resolve()
    },
  ],
  [
    'function healthCheck',
    async (block) => {
      const socket = await open()
      const { run } = page(local.port, { socket })
      expect(run(`${block};healthCheck()`)).toBe(true)
      socket.close()
      expect(run('healthCheck()')).toBe(false)
    },
  ],
  [
    '&token=${jwtToken}',
    async (block) => {
      const jwtToken = await token({ tenant: 'local', roles: ['admin'] })
      const { run, sockets } = page(local.port, { jwtToken })
      run(`${block};new WebSocket(url)`)
      ;(await opened(sockets[0])).close()
    },
  ],
  [
    'userCampaignId',
    async (block) => {
      const socket = await open()
      page(local.port, { socket, data: message('status_update'), userCampaignId: 1 }).run(block)
      expect(socket.readyState).toBe(WebSocket.OPEN)
      page(local.port, { socket, data: message('status_update'), userCampaignId: 2 }).run(block)
      await eventually(() => socket.readyState === WebSocket.CLOSED, { what: 'the close' })
    },
  ],
]

describe('the guide', () => {
  test('is served as it is', async () => {
    const answer = await fetch(`http://127.0.0.1:${local.port}/docs/websocket`)
    expect(answer.headers.get('content-type')).toContain('text/markdown')
    expect(await answer.text()).toBe(guide)
  })

  test('[P7] its JSON blocks are messages of the six types', () => {
    const messages = blocksOf('json').map((block) => liveMessageSchema.parse(JSON.parse(block)))
    expect(messages.map(({ type }) => type).toSorted()).toEqual([...liveMessageTypes].toSorted())
  })

  test('each of its JavaScript blocks has one test here', () => {
    const claims = blocksOf('javascript').map(
      (block) => cases.filter(([part]) => block.includes(part)).length,
    )
    expect(claims).toEqual(cases.map(() => 1))
  })

  test.each(cases)('%s', async (part, check) => {
    await check(blocksOf('javascript').find((block) => block.includes(part)) ?? '')
  })

  test.each([
    ['expired', () => token({}, '-1s')],
    ['of another key', () => Promise.resolve('x.y.z')],
  ])("[P4] the owner's class with a token that is %s gives up after six dials", async (_, make) => {
    const strict = await fixture.startGateway()
    const given = await make()
    const { run, sockets, lines } = page(strict.port, {})
    const block = blocksOf('javascript').find((text) => text.includes('campaignWS.connect()')) ?? ''
    run(block.replace('userId=${this.userId}', `userId=\${this.userId}&token=${given}`))
    await eventually(() => lines.includes('Max reconnection attempts reached'), { what: 'the end' })
    expect(sockets).toHaveLength(6)
    expect(lines).not.toContain('WebSocket connected')
    await strict.end()
  })
})
