// The whole service for integration tests: real NATS, the embedded event store, HTTP on a free port.
import { createHmac, randomUUID } from 'node:crypto'

import {
  campaignIdSchema,
  type CampaignId,
  eventStreams,
  natsTopology,
  type Role,
  sessionIdSchema,
  type SessionCommand,
  type SessionId,
  tenantIdSchema,
} from '@peyk/contracts'
import { connectEventStore, type EventStore, handleCommand } from '@peyk/event-sourcing'
import { spawnEventStore } from '@peyk/eventstore-embedded'
import { connectNats, ensureStreams, startNatsServer } from '@peyk/messaging'
import { createMetrics, readSettings } from '@peyk/service-kit'
import { eventually, freePort, temporaryFolder } from '@peyk/testing'
import { z } from 'zod'

import { settings } from '../config.ts'
import { sessionStream } from '../domain/session/stream.ts'
import { startParts } from '../start.ts'

const SECRET = 'a secret of the tests, at least 32 bytes long'
const nothing = () => undefined
const silentLog = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
  readonly text: string
}

export interface Caller {
  readonly headers: Readonly<Record<string, string>>
  get(path: string): Promise<Answer>
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  upload(path: string, content: string | Buffer, headers?: Record<string, string>): Promise<Answer>
}

export interface User {
  readonly tenant?: string
  readonly user?: string
  readonly roles?: readonly Role[]
  readonly campaigns?: readonly number[]
}

/** A token as an issuer would sign it. */
const tokenOf = ({ tenant = 'acme', user = 'u1', roles = ['member'], campaigns }: User): string => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { sub: user, tenant, roles, campaigns, exp: Math.floor(Date.now() / 1_000) + 600 }
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${content}.${createHmac('sha256', SECRET).update(content).digest('base64url')}`
}

const answerOf = async (response: Response): Promise<Answer> => {
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? (JSON.parse(text) as unknown) : undefined,
  }
}

const callerOf = (url: string, headers: Record<string, string>): Caller => {
  const call = async (path: string, init: RequestInit) => answerOf(await fetch(`${url}${path}`, init))
  return {
    headers,
    get: (path) => call(path, { headers }),
    send: (method, path, body, more = {}) =>
      call(path, {
        method,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...more,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    upload: (path, content, more = {}) => {
      const form = new FormData()
      form.append('recipientsFile', new Blob([new Uint8Array(Buffer.from(content))]), 'list')
      return call(path, { method: 'POST', headers: { ...headers, ...more }, body: form })
    },
  }
}

/** The servers behind the service, shared by the tests of a file. */
export const startServers = async () => {
  const [nats, eventStore] = await Promise.all([startNatsServer(), spawnEventStore()])
  const store = connectEventStore(eventStore.url)
  const connection = await connectNats({ url: nats.url, name: 'test' })
  await ensureStreams(connection, natsTopology(1), { role: 'owner' })
  return {
    store,
    nats: connection,
    urls: { NATS_URL: nats.url, EVENTSTORE_URL: eventStore.url },
    stop: async () => {
      await Promise.all([store.close(), connection.close()])
      await Promise.all([nats.dispose(), eventStore.stop()])
    },
  }
}
type Servers = Awaited<ReturnType<typeof startServers>>

export interface CampaignService {
  readonly url: string
  readonly dataDir: string
  readonly as: (user?: User) => Caller
  readonly anonymous: Caller
  readonly stop: () => Promise<void>
}

/** A process of campaign, as far as a test can have one: started, and stopped in reverse order. */
export const startCampaignService = async (
  servers: Servers,
  more: Record<string, string> = {},
): Promise<CampaignService> => {
  const folder = await temporaryFolder()
  const port = await freePort()
  const releases: (() => unknown)[] = [folder.remove]
  const stopping = new AbortController()
  const release = async () => {
    stopping.abort()
    for (let next = releases.pop(); next !== undefined; next = releases.pop()) await next()
  }
  const environment = {
    ...servers.urls,
    DATA_DIR: folder.path,
    HOST: '127.0.0.1',
    PORT: String(port),
    JWT_SECRET: SECRET,
    RATE_LIMITS: 'off',
    ...more,
  }
  const scope = {
    settings: readSettings(settings, environment),
    log: silentLog,
    metrics: createMetrics(),
    readiness: { add: nothing },
    signal: stopping.signal,
    onStop: (_name: string, each: () => unknown) => void releases.push(each),
    fail: (error: unknown) => {
      throw error
    },
  }
  await startParts(scope, servers)
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    dataDir: folder.path,
    as: (user = {}) => callerOf(url, { authorization: `Bearer ${tokenOf(user)}` }),
    anonymous: callerOf(url, {}),
    stop: release,
  }
}

const created = z.object({ campaign: z.object({ id: campaignIdSchema }) })

export const createCampaign = async (caller: Caller, message = 'سلام {{name}}'): Promise<CampaignId> =>
  created.parse((await caller.send('POST', '/api/campaigns', { message })).body).campaign.id

/** What the sender would have reported of a number. */
export const recordSession = async (
  store: EventStore,
  sessionId: SessionId,
  command: SessionCommand,
  tenant = 'acme',
): Promise<void> => {
  const commandId = randomUUID()
  await handleCommand({
    store,
    ...sessionStream(sessionId),
    command,
    metadata: {
      commandId,
      correlationId: commandId,
      causationId: commandId,
      tenant: tenantIdSchema.parse(tenant),
      occurredAt: new Date().toISOString(),
    },
  })
}

const linking = z.object({ sessionId: sessionIdSchema })

/** Links a number as a user and a phone would, and waits until the API knows. */
export const linkNumber = async (caller: Caller, store: EventStore, id: CampaignId): Promise<SessionId> => {
  const { sessionId } = linking.parse((await caller.send('POST', `/api/campaigns/${id}/qr-code`)).body)
  await recordSession(store, sessionId, { type: 'RecordConnected', data: { maskedNumber: '98912***89' } })
  await eventually(
    async () => {
      const { body } = await caller.get(`/api/campaigns/${id}/connection`)
      return (body as { isConnected: boolean }).isConnected
    },
    { what: 'the number to be connected' },
  )
  return sessionId
}

/** The types of the events of a campaign, in order. */
export const eventTypes = async (store: EventStore, id: CampaignId): Promise<string[]> => {
  const types: string[] = []
  for await (const { type } of store.readStream(eventStreams.campaign(id))) types.push(type)
  return types
}
