// A WebSocket client for tests, and the answers that a refused one gets.
import { request } from 'node:http'

export interface TestMessage {
  readonly type: string
  readonly campaignId: number
  readonly data: Record<string, unknown>
  readonly [field: string]: unknown
}

export interface TestClient {
  readonly messages: TestMessage[]
  readonly pings: () => number
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly socket: WebSocket
}

export const connect = async (port: number, query: string, protocols: string[] = []): Promise<TestClient> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/campaigns?${query}`, protocols)
  const messages: TestMessage[] = []
  let pings = 0
  socket.onmessage = ({ data }) => {
    if (data === 'ping') pings += 1
    else messages.push(JSON.parse(String(data)) as TestMessage)
  }
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason })
  })
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error('refused'))
  })
  return { messages, pings: () => pings, closed, socket }
}

/** The answer before the 101; throws if there is none. */
export const refusal = (
  port: number,
  path: string,
  extra: Record<string, string> = {},
): Promise<{ readonly status: number | undefined; readonly code: unknown }> =>
  new Promise((resolve, reject) => {
    const upgrade = request({
      port,
      path,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13',
        ...extra,
      },
    })
    upgrade.on('response', (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () =>
        resolve({ status: response.statusCode, code: (JSON.parse(body) as { code: unknown }).code }),
      )
    })
    upgrade.on('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new Error('it was let in'))
    })
    upgrade.on('error', reject)
    upgrade.end()
  })
