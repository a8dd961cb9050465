// The sender, joined from its parts: sessions that this process owns, and the jobs of their campaigns.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

import { natsTopology } from '@peyk/contracts'
import { connectNats, createPublisher, ensureStreams, openBucket } from '@peyk/messaging'
import { BadSettings, type Scope, watchNats } from '@peyk/service-kit'

import { baileysChannel } from './channel/baileys/baileys-channel.ts'
import type { Settings } from './config.ts'
import { parseMasterKeys } from './credentials/master-keys.ts'
import { createTenantKeys } from './credentials/tenant-keys.ts'
import { createIntents } from './dispatcher/intents.ts'
import { watchRuns } from './dispatcher/runs.ts'
import { createServe } from './dispatcher/serve-number.ts'
import { createSenderMetrics } from './metrics.ts'
import { createOutcomes } from './outcomes/outcomes.ts'
import { presets } from './pacing/limits.ts'
import { createLoginTurns } from './sessions/login-turns.ts'
import { createNumberRegistry } from './sessions/number-registry.ts'
import { startSessions } from './sessions/sessions.ts'

export const start = async (scope: Scope<Settings>): Promise<void> => {
  const { settings, log, signal } = scope
  const masterKeys = parseMasterKeys(settings.CREDENTIALS_KEYS)
  if (masterKeys === undefined)
    throw new BadSettings([{ key: 'CREDENTIALS_KEYS', message: 'each is <id>:<base64 of 32 bytes>' }])
  const nats = await connectNats({ url: settings.NATS_URL, name: 'sender', log, signal })
  scope.onStop('nats', () => nats.close())
  watchNats(scope.metrics, nats)
  scope.readiness.add('nats', () => (nats.isConnected() ? undefined : 'disconnected'))
  await ensureStreams(nats, natsTopology(settings.NATS_REPLICAS), { role: 'verifier', signal, log })

  const publisher = createPublisher(nats, { log })
  const metrics = createSenderMetrics(scope.metrics)
  const ended = new AbortController()
  const outcomes = createOutcomes({ publisher, log, signal: ended.signal })
  scope.onStop('outcomes', async () => {
    await outcomes.settled()
    ended.abort()
  })
  const runs = openBucket(nats, 'runs')
  const watched = watchRuns(runs, log, ended.signal)
  await watched.caughtUp
  const keys = createTenantKeys(openBucket(nats, 'tenant_keys'), masterKeys)
  const serve = createServe({
    nats,
    watched,
    runs,
    outcomes,
    metrics,
    log,
    intents: createIntents(nats, publisher, randomUUID()),
    rules: {
      limits: settings.PACING_CAPS ? presets.moderate : undefined,
      minimumIntervalMs: settings.PACING_MIN_INTERVAL,
    },
  })
  const sessions = startSessions(openBucket(nats, 'sessions'), {
    nats,
    publisher,
    keys,
    outcomes,
    metrics,
    serve,
    log,
    channel: baileysChannel({
      ...(settings.WHATSAPP_URL === undefined ? {} : { url: settings.WHATSAPP_URL }),
      ...(settings.WHATSAPP_ROOT_CA === undefined ? {} : { rootCa: settings.WHATSAPP_ROOT_CA }),
    }),
    numbers: createNumberRegistry(openBucket(nats, 'numbers'), keys),
    turns: createLoginTurns(),
    owner: `${hostname()} ${process.pid}`,
  })
  scope.onStop('sessions', () => sessions.stop())
  await sessions.caughtUp
}
