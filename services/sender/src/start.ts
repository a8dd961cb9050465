// Joins the parts of the sender: sessions that own numbers, and the dispatcher that sends through them.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

import { natsTopology } from '@peyk/contracts'
import { connectNats, createPublisher, ensureStreams, type Nats, openBucket } from '@peyk/messaging'
import { BadSettings, type Scope, watchNats } from '@peyk/service-kit'

import { baileysChannel } from './channel/baileys/baileys-channel.ts'
import type { Channel } from './channel/channel.ts'
import type { Settings } from './config.ts'
import { createTenantKeys } from './credentials/tenant-keys.ts'
import { watchConsumers } from './dispatcher/consumer-directory.ts'
import { createDispatcher } from './dispatcher/dispatcher.ts'
import { createIntents } from './dispatcher/intents.ts'
import { watchRuns } from './dispatcher/runs.ts'
import { createSenderMetrics } from './metrics.ts'
import { createOutcomes } from './outcomes/outcomes.ts'
import { presets } from './pacing/limits.ts'
import { createLoginTurns } from './sessions/login-turns.ts'
import { createNumberRegistry } from './sessions/number-registry.ts'
import { startSessions } from './sessions/sessions.ts'

/** A stop gives the sends in hand this long; what cannot be stored then is left to the ledger. */
const GIVE_UP_AFTER_MS = 21_000
const GIVE_UP_WITHOUT_NATS_MS = 2_000

export const start = async (scope: Scope<Settings>): Promise<void> => {
  refuseUnpacedRealNumbers(scope.settings)
  await startSender(scope, createChannel(scope.settings))
}

const startSender = async (scope: Scope<Settings>, channel: Channel): Promise<void> => {
  const { settings, log, fail } = scope
  const nats = await connect(scope)
  const publisher = createPublisher(nats, { log })
  const owner = randomUUID()
  const givingUp = new AbortController()
  const watching = new AbortController()
  const whileRunning = { signal: givingUp.signal, log }

  const metrics = createSenderMetrics(scope.metrics)
  const outcomes = createOutcomes({ publisher, ...whileRunning })
  const keys = createTenantKeys(openBucket(nats, 'tenant_keys'), settings.CREDENTIALS_KEYS)
  const runs = watchRuns(openBucket(nats, 'runs'), { signal: watching.signal, log })
  const serve = createDispatcher({
    nats,
    runs,
    consumers: watchConsumers(nats, { signal: watching.signal, fail }),
    intents: createIntents({ nats, publisher, owner, ...whileRunning }),
    outcomes,
    metrics,
    pacing: {
      limits: settings.PACING_CAPS ? presets.moderate : undefined,
      minimumIntervalMs: settings.PACING_MIN_INTERVAL,
    },
    now: Date.now,
    log,
  })
  scope.onStop('watches', () => watching.abort())
  await runs.caughtUp
  const sessions = startSessions(openBucket(nats, 'sessions'), {
    nats,
    publisher,
    channel,
    keys,
    numbers: createNumberRegistry(openBucket(nats, 'numbers'), keys),
    outcomes,
    metrics,
    serve,
    turns: createLoginTurns(),
    owner: `${hostname()} ${process.pid} ${owner}`,
    log,
  })
  scope.onStop('sessions', async () => {
    const patienceMs = nats.isConnected() ? GIVE_UP_AFTER_MS : GIVE_UP_WITHOUT_NATS_MS
    const timer = setTimeout(() => givingUp.abort(), patienceMs)
    await sessions.stop()
    await outcomes.settled()
    clearTimeout(timer)
    givingUp.abort()
  })
  await sessions.caughtUp
}

const connect = async (scope: Scope<Settings>): Promise<Nats> => {
  const { settings, log, signal, onStop, readiness, metrics } = scope
  const nats = await connectNats({ url: settings.NATS_URL, name: 'sender', log, signal })
  onStop('nats', () => nats.close())
  watchNats(metrics, nats)
  readiness.add('nats', () => (nats.isConnected() ? undefined : 'disconnected'))
  await ensureStreams(nats, natsTopology(settings.NATS_REPLICAS), { role: 'verifier', signal, log })
  return nats
}

const createChannel = (settings: Settings): Channel =>
  baileysChannel({
    ...(settings.WHATSAPP_URL === undefined ? {} : { url: settings.WHATSAPP_URL }),
    ...(settings.WHATSAPP_ROOT_CA === undefined ? {} : { rootCa: settings.WHATSAPP_ROOT_CA }),
  })

/** Without its caps a real number is banned within hours. */
const refuseUnpacedRealNumbers = ({ PACING_CAPS, WHATSAPP_URL }: Settings): void => {
  if (PACING_CAPS || WHATSAPP_URL !== undefined) return
  throw new BadSettings([
    { key: 'PACING_CAPS', message: 'may be off only with a WHATSAPP_URL of a test server' },
  ])
}
