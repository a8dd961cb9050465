// The whole service for integration tests: the embedded event store, HTTP on a free port.
import { createHmac } from 'node:crypto'

import type { Role } from '@peyk/contracts'
import { connectEventStore, type EventStore, type RecordedEvent } from '@peyk/event-sourcing'
import { spawnEventStore } from '@peyk/eventstore-embedded'
import { createMetrics, readSettings, type Scope } from '@peyk/service-kit'
import { freePort, temporaryFolder } from '@peyk/testing'

import { settings, type Settings } from '../config.ts'
import { startParts } from '../start.ts'

export const SECRET = 'a secret of the tests, at least 32 bytes long'
const nothing = () => undefined
const silentLog = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silentLog }

export interface User {
  readonly tenant?: string
  readonly user?: string
  readonly roles?: readonly Role[]
  readonly campaigns?: readonly number[]
}

/** A token as an issuer would sign it. */
export const tokenOf = ({ tenant = 'acme', user = '1', roles = ['member'], campaigns }: User): string => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { sub: user, tenant, roles, campaigns, exp: Math.floor(Date.now() / 1_000) + 600 }
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${content}.${createHmac('sha256', SECRET).update(content).digest('base64url')}`
}

export interface ReportingService {
  readonly url: string
  readonly eventStoreUrl: string
  readonly store: EventStore
  /** Puts events of tests into their streams, in their order. */
  readonly write: (events: readonly RecordedEvent[]) => Promise<void>
  /** Without a user: without a token. */
  readonly get: (path: string, user?: User) => Promise<Response>
  readonly stop: () => Promise<void>
}

/** A process of reporting as far as a test can have one, with a store of its own, or on that of another instance. */
export const startReportingService = async (
  more: Record<string, string> = {},
  other?: ReportingService,
): Promise<ReportingService> => {
  const [folder, port] = await Promise.all([temporaryFolder(), freePort()])
  const releases: (() => unknown)[] = [folder.remove]
  const { eventStoreUrl, store } = other ?? (await startEventStore(releases))
  const stopping = new AbortController()
  const environment = {
    EVENTSTORE_URL: eventStoreUrl,
    DATA_DIR: folder.path,
    HOST: '127.0.0.1',
    PORT: String(port),
    JWT_SECRET: SECRET,
    ...more,
  }
  const scope: Scope<Settings> = {
    settings: readSettings(settings, environment),
    log: silentLog,
    metrics: createMetrics(),
    readiness: { add: nothing },
    signal: stopping.signal,
    onStop: (_name, each) => void releases.push(each),
    fail: (error) => {
      throw error
    },
  }
  await startParts(scope, store)
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    eventStoreUrl,
    store,
    write: async (events) => {
      for (const { id, type, streamName, data, metadata } of events)
        await store.append(streamName, [{ id, type, data, metadata }], { expectedRevision: 'any' })
    },
    get: (path, user) =>
      fetch(`${url}${path}`, {
        headers: user === undefined ? {} : { authorization: `Bearer ${tokenOf(user)}` },
      }),
    stop: async () => {
      stopping.abort()
      for (let next = releases.pop(); next !== undefined; next = releases.pop()) await next()
    },
  }
}

const startEventStore = async (releases: (() => unknown)[]) => {
  const server = await spawnEventStore()
  const store = connectEventStore(server.url)
  releases.push(
    () => server.stop(),
    () => store.close(),
  )
  return { eventStoreUrl: server.url, store }
}
