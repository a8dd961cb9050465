import { mkdirSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'

import { startAdminServer } from './admin.ts'
import type { AdminServer } from './admin.ts'
import type { Credentials } from './grpc/authentication.ts'
import type { ServiceContext } from './grpc/context.ts'
import { listen } from './grpc/server.ts'
import type { TlsFiles } from './grpc/server.ts'
import { scavengeRegularly } from './maintenance.ts'
import { createMetrics, watchLog } from './metrics.ts'
import type { ServerMetrics } from './metrics.ts'
import { DATABASE_FILE } from './store/database.ts'
import { lockDirectory } from './store/directory-lock.ts'
import { EventLog } from './store/event-log.ts'

export type EventStoreServerOptions = Readonly<{
  /** Where the events are kept; without it they live in memory and end with the server. */
  dataDir?: string
  /** Default 127.0.0.1. Any that is not a loopback address needs credentials. */
  host?: string
  /** Default 0: a free one. */
  port?: number
  /** Who may call. They need TLS: without it the client sends no password. */
  credentials?: Credentials
  tls?: TlsFiles
  /** The port of `/livez`, `/readyz` and `/metrics`; without it there is none. */
  adminPort?: number
  /** How often deleted data is taken out of the file; default hourly, 0 never. */
  scavengeEveryMs?: number
  /** Told of trouble that no caller hears of. */
  onProblem?: (what: string, error: unknown) => void
}>

export type EventStoreServer = Readonly<{
  url: string
  port: number
  adminPort: number | undefined
  /** Finishes what is in hand, tells readers, closes the file. */
  close: () => Promise<void>
}>

const LIMITS = { maxAppendBytes: 1024 * 1024, writeTimeoutMs: 10_000 }

const HOUR_MS = 3_600_000

/** Starts a server in this process. Mostly `spawnEventStore` is better: in a process of its own it is faster. */
export async function startEventStoreServer(
  options: EventStoreServerOptions = {},
): Promise<EventStoreServer> {
  const { host = '127.0.0.1', port = 0, adminPort, credentials, tls } = options
  requireSafety(host, options)
  await using resources = new AsyncDisposableStack()
  const metrics = createMetrics()
  const log = openLog(options, metrics, resources)
  const stopping = new AbortController()
  const { activity, registry } = metrics
  const context: ServiceContext = { log, limits: LIMITS, stopping: stopping.signal, activity }
  const server = await listen(context, { host, port, credentials, tls })
  resources.defer(() => server.stop())
  let admin: AdminServer | undefined
  if (adminPort !== undefined) {
    admin = await startAdminServer({
      host,
      port: adminPort,
      registry,
      isReady: () => !stopping.signal.aborted,
    })
    resources.defer(admin.close)
  }
  resources.defer(() => stopping.abort())
  const running = resources.move()
  let closed: Promise<void> | undefined
  return {
    url: urlOf(host, server.port, tls !== undefined),
    port: server.port,
    adminPort: admin?.port,
    close: () => (closed ??= running.disposeAsync()),
  }
}

/** The log in its directory, which no other server may use meanwhile, with its regular scavenge. */
function openLog(
  options: EventStoreServerOptions,
  metrics: ServerMetrics,
  resources: AsyncDisposableStack,
): EventLog {
  const { dataDir, scavengeEveryMs = HOUR_MS, onProblem } = options
  if (dataDir !== undefined) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    resources.defer(lockDirectory(dataDir))
  }
  const file = dataDir === undefined ? ':memory:' : join(dataDir, DATABASE_FILE)
  const log = new EventLog({ file, onCommit: metrics.onCommit })
  resources.defer(() => log.close())
  watchLog(metrics.registry, log)
  if (scavengeEveryMs > 0) {
    const stop = scavengeRegularly(log.database, scavengeEveryMs, (result) => {
      metrics.onScavenge(result)
      if ('error' in result) onProblem?.('the scavenge failed', result.error)
    })
    resources.defer(stop)
  }
  return log
}

/** Beyond this machine nobody comes in without a password, and no password travels in the clear. */
function requireSafety(host: string, { credentials, tls }: EventStoreServerOptions): void {
  if (credentials === undefined && !isLoopback(host)) {
    throw new Error(`${host} is not a loopback address: a user and a password are needed`)
  }
  if (credentials !== undefined && tls === undefined) {
    throw new Error('a password needs TLS: without it the client sends none')
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

function urlOf(host: string, port: number, isEncrypted: boolean): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const address = reachable.includes(':') ? `[${reachable}]` : reachable
  return `esdb://${address}:${port}?tls=${isEncrypted}`
}
