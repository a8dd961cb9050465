// A NATS server with all streams, and senders' parts on it, for the integration tests of this service.
import { randomBytes } from 'node:crypto'

import {
  type DesiredSession,
  natsTopology,
  type SessionId,
  sessionIdSchema,
  tenantIdSchema,
  userIdSchema,
} from '@peyk/contracts'
import {
  connectNats,
  createPublisher,
  ensureStreams,
  type Nats,
  openBucket,
  readMessages,
  startNatsServer,
  type StoredMessage,
} from '@peyk/messaging'
import { createLogger, createMetrics } from '@peyk/service-kit'

import type { Channel } from '../channel/channel.ts'
import { parseMasterKeys } from '../credentials/master-keys.ts'
import { createTenantKeys, type TenantKeys } from '../credentials/tenant-keys.ts'
import { createSenderMetrics } from '../metrics.ts'
import { createOutcomes } from '../outcomes/outcomes.ts'
import { createLoginTurns } from '../sessions/login-turns.ts'
import { createNumberRegistry } from '../sessions/number-registry.ts'
import type { Serve } from '../sessions/open-number.ts'
import type { SessionDeps } from '../sessions/session.ts'
import { startSessions } from '../sessions/sessions.ts'

export const tenant = tenantIdSchema.parse('acme')
export const silent = createLogger({ name: 'test', level: 'silent' })
const masterKeys = parseMasterKeys(`test:${randomBytes(32).toString('base64')}`)

let sessions = 0
export const newSessionId = (): SessionId =>
  sessionIdSchema.parse(`wa_${String((sessions += 1)).padStart(20, '0')}`)

export type World = Awaited<ReturnType<typeof startWorld>>

export const startWorld = async () => {
  const server = await startNatsServer()
  const open: (() => Promise<void>)[] = []
  const connect = async (): Promise<Nats> => {
    const nats = await connectNats({ url: server.url, name: 'test' })
    open.push(() => nats.close())
    return nats
  }
  const nats = await connect()
  const makeStreams = () => ensureStreams(nats, natsTopology(1), { role: 'owner' })
  await makeStreams()
  if (masterKeys === undefined) throw new Error('no master keys')
  const keys = createTenantKeys(openBucket(nats, 'tenant_keys'), masterKeys)

  return {
    server,
    nats,
    makeStreams,
    startSender: async (channel: Channel, serve?: Serve) =>
      startSender(await connect(), keys, channel, serve),
    /** The next sender knows no session. */
    forgetWishes: async () => {
      const bucket = openBucket(nats, 'sessions')
      for (const key of await bucket.keys()) await bucket.purge(key)
    },
    want: async (sessionId: SessionId, wish: Partial<DesiredSession> = {}) => {
      const desired: DesiredSession = {
        tenant,
        sessionId,
        ownerId: userIdSchema.parse('user-1'),
        wanted: 'linked',
        method: 'qr',
        qrFor: [],
        ...wish,
      }
      await openBucket(nats, 'sessions').put(`${tenant}.${sessionId}`, desired)
    },
    /** What a stream holds on some subjects now. */
    messages: async (stream: string, filter: string): Promise<StoredMessage[]> => {
      const found: StoredMessage[] = []
      await readMessages(nats, {
        stream,
        filter,
        from: 'all',
        onMessage: (message) => void found.push(message),
      })
      return found
    },
    close: async () => {
      for (const close of open.reverse()) await close()
      await server.dispose()
    },
  }
}

/** What a sender process has. */
const startSender = async (
  nats: Nats,
  keys: TenantKeys,
  channel: Channel,
  serve: Serve = () => Promise.resolve(),
) => {
  const publisher = createPublisher(nats)
  const ended = new AbortController()
  const outcomes = createOutcomes({ publisher, log: silent, signal: ended.signal })
  const deps: SessionDeps = {
    nats,
    publisher,
    channel,
    keys,
    numbers: createNumberRegistry(openBucket(nats, 'numbers'), keys),
    outcomes,
    metrics: createSenderMetrics(createMetrics()),
    turns: createLoginTurns(1_000),
    serve,
    owner: 'test',
    log: silent,
  }
  const running = startSessions(openBucket(nats, 'sessions'), deps)
  await running.caughtUp
  return {
    nats,
    publisher,
    outcomes,
    stop: async () => {
      await running.stop()
      await outcomes.settled()
      ended.abort()
    },
  }
}
