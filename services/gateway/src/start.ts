// The gateway, joined from its parts: the feed in, clients out, and the proxy beside.
import { connectNats, ensureStreams } from '@peyk/messaging'
import { natsTopology } from '@peyk/contracts'
import { createAuthenticator, createHttpApi, type Scope, watchNats } from '@peyk/service-kit'

import manifest from '../package.json' with { type: 'json' }
import type { Settings } from './config.ts'
import { addPages } from './http/pages.ts'
import { createProxy } from './http/proxy.ts'
import { addTicketRoute, type TicketRouteOptions } from './http/tickets.ts'
import { createAccessReader } from './realtime/access.ts'
import { createDoor } from './realtime/door.ts'
import { createHub, type Hub } from './realtime/hub.ts'
import { loadHistory, loadSnapshot, startLiveFeed } from './realtime/live-feed.ts'
import { createRealtimeMetrics, registerRealtimeState } from './realtime/metrics.ts'
import { createRealtimeServer, type RealtimeServer } from './realtime/server.ts'
import { watchRevocations } from './realtime/revocations.ts'
import { createTickets } from './realtime/tickets.ts'

export const start = async (scope: Scope<Settings>): Promise<void> => {
  const { settings, log, metrics, signal } = scope
  const nats = await connectNats({ url: settings.NATS_URL, name: 'gateway', log, signal })
  scope.onStop('nats', () => nats.close())
  watchNats(metrics, nats)
  await ensureStreams(nats, natsTopology(settings.NATS_REPLICAS), { role: 'verifier', signal, log })
  scope.readiness.add('nats', () => (nats.isConnected() ? undefined : 'not connected'), { informative: true })

  const authenticator = createAuthenticator(settings)
  const realtimeMetrics = createRealtimeMetrics(metrics)
  const access = createAccessReader(nats)
  const hub: Hub = createHub({
    metrics: realtimeMetrics,
    loadSnapshot: async (campaignId, position = feed.position()) =>
      loadSnapshot(nats, await access.known(campaignId), position),
    loadHistory: async (campaignId, ...range) => loadHistory(nats, await access.known(campaignId), ...range),
  })
  const stopFeed = new AbortController()
  const feed = startLiveFeed({ nats, hub, metrics: realtimeMetrics, log }, stopFeed.signal)
  scope.onStop('live feed', async () => {
    stopFeed.abort()
    await Promise.all([feed.ended, revocations.ended])
  })
  registerRealtimeState(metrics, {
    version: manifest.version,
    clients: () => hub.clients(),
    campaigns: hub.campaigns,
    isNatsConnected: () => nats.isConnected(),
    lag: feed.lag,
  })

  const tickets = createTickets(nats)
  const revocations = watchRevocations({
    nats,
    log,
    signal: stopFeed.signal,
    onRevoked: (isConcerned) => realtime.revoke(isConcerned),
  })
  const door = createDoor({
    authenticator,
    access,
    tickets,
    revocations,
    allowedOrigins: settings.ALLOWED_ORIGINS,
    publicPort: settings.PUBLIC_PORT,
  })
  const realtime = createRealtimeServer({ settings, door, hub, metrics: realtimeMetrics, log })
  await Promise.all([feed.ready, revocations.caughtUp])
  await listen(scope, realtime, { authenticator, access, tickets, revocations })
}

const listen = async (
  scope: Scope<Settings>,
  realtime: RealtimeServer,
  doors: TicketRouteOptions,
): Promise<void> => {
  const { settings, log, metrics } = scope
  const proxy = createProxy({
    campaignUrl: settings.CAMPAIGN_URL,
    reportingUrl: settings.REPORTING_URL,
    timeoutMs: settings.PROXY_TIMEOUT,
  })
  scope.onStop('proxy', () => proxy.close())
  const api = createHttpApi({
    // A live connection is one of the server's, too: those of requests come on top.
    settings: {
      ...settings,
      HTTP_MAX_CONNECTIONS: settings.HTTP_MAX_CONNECTIONS + settings.WS_MAX_CONNECTIONS,
    },
    authenticator: doors.authenticator,
    log,
    metrics,
    fallback: proxy.forward,
  })
  await addPages(api, settings)
  addTicketRoute(api, doors)
  const listening = await api.listen()
  scope.onStop('http', () => listening.close())
  for (const server of listening.servers) realtime.attach(server)
  // Released first: clients are told to go before the server stops answering.
  scope.onStop('live connections', () => realtime.drain())
}
