// A NATS server with all streams, and senders' parts on it, for the integration tests of this service.
import { randomBytes, randomUUID } from 'node:crypto'

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
import { watchConsumers } from '../dispatcher/consumer-directory.ts'
import { createDispatcher } from '../dispatcher/dispatcher.ts'
import { createIntents } from '../dispatcher/intents.ts'
import { watchRuns } from '../dispatcher/runs.ts'
import { createSenderMetrics } from '../metrics.ts'
import { createOutcomes } from '../outcomes/outcomes.ts'
import { presets } from '../pacing/limits.ts'
import { createLoginTurns } from '../sessions/login-turns.ts'
import { createNumberRegistry } from '../sessions/number-registry.ts'
import type { Serve } from '../sessions/open-number.ts'
import type { SessionDeps } from '../sessions/session.ts'
import { startSessions } from '../sessions/sessions.ts'

export const tenant = tenantIdSchema.parse('acme')
export const silent = createLogger({ name: 'test', level: 'silent' })
export const CREDENTIALS_KEYS = `test:${randomBytes(32).toString('base64')}`
const masterKeys = parseMasterKeys(CREDENTIALS_KEYS)

let sessions = 0
export const newSessionId = (): SessionId =>
  sessionIdSchema.parse(`wa_${String((sessions += 1)).padStart(20, '0')}`)

export type World = Awaited<ReturnType<typeof startWorld>>

export const startWorld = async () => {
  const server = await startNatsServer()
  const open: (() => Promise<void>)[] = []
  const closing = new AbortController()
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
    /** A sender that sends; without a preset its caps are off. */
    startDispatchingSender: async (channel: Channel, preset?: keyof typeof presets) => {
      const own = await connect()
      return startSender(own, keys, channel, dispatcherOn(own, closing.signal, preset))
    },
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
      closing.abort()
      for (const close of open.reverse()) await close()
      await server.dispose()
    },
  }
}

const dispatcherOn = (nats: Nats, signal: AbortSignal, preset: keyof typeof presets | undefined): Serve => {
  const publisher = createPublisher(nats)
  return createDispatcher({
    nats,
    runs: watchRuns(openBucket(nats, 'runs'), { signal, log: silent }),
    consumers: watchConsumers(nats, { signal, fail: () => undefined }),
    intents: createIntents({ nats, publisher, owner: randomUUID(), log: silent, signal }),
    outcomes: createOutcomes({ publisher, log: silent, signal }),
    metrics: createSenderMetrics(createMetrics()),
    pacing: { limits: preset && presets[preset], minimumIntervalMs: 5 },
    now: Date.now,
    log: silent,
  })
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
