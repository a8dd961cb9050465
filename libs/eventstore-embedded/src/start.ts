import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { Credentials } from './grpc/authentication.ts'
import type { Activity, ServiceContext } from './grpc/context.ts'
import { listen } from './grpc/server.ts'
import type { TlsFiles } from './grpc/server.ts'
import { DATABASE_FILE } from './store/database.ts'
import { EventLog } from './store/event-log.ts'

export type EventStoreServerOptions = Readonly<{
  /** Where the events are kept; without it they live in memory and end with the server. */
  dataDir?: string
  /** Default 127.0.0.1. Any other than a loopback address needs credentials. */
  host?: string
  /** Default 0: a free one. */
  port?: number
  credentials?: Credentials
  tls?: TlsFiles
}>

export type EventStoreServer = Readonly<{
  url: string
  port: number
  /** Finishes what is in hand, tells readers, closes the file. */
  close: () => Promise<void>
}>

const LIMITS = { maxAppendBytes: 1024 * 1024, writeTimeoutMs: 10_000 }

const NO_ACTIVITY: Activity = {
  appended: () => undefined,
  delivered: () => undefined,
  reading: () => () => undefined,
}

/** Starts a server in this process. Tests and the launcher want `spawnEventStore`: a process of its own is faster. */
export async function startEventStoreServer(
  options: EventStoreServerOptions = {},
): Promise<EventStoreServer> {
  const host = options.host ?? '127.0.0.1'
  const log = new EventLog({ file: fileOf(options.dataDir) })
  const stopping = new AbortController()
  const context: ServiceContext = { log, limits: LIMITS, stopping: stopping.signal, activity: NO_ACTIVITY }
  const server = await listen(context, {
    host,
    port: options.port ?? 0,
    credentials: options.credentials,
    tls: options.tls,
  })
  const close = async () => {
    stopping.abort()
    await server.stop()
    log.close()
  }
  let closed: Promise<void> | undefined
  return {
    url: `esdb://${host}:${server.port}?tls=${options.tls !== undefined}`,
    port: server.port,
    close: () => (closed ??= close()),
  }
}

function fileOf(dataDir: string | undefined): string {
  if (dataDir === undefined) return ':memory:'
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  return join(dataDir, DATABASE_FILE)
}
