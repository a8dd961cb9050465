// A gateway as a process of its own on a real nats-server, and what a test needs beside it.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'

import {
  type CampaignId,
  campaignIdSchema,
  feedInstant,
  headers,
  keys,
  type LiveMessageType,
  natsTopology,
  subjects,
  tenantIdSchema,
} from '@peyk/contracts'
import {
  connectNats,
  createPublisher,
  ensureStreams,
  type Nats,
  type NatsCluster,
  type NatsServer,
  type NatsServerOptions,
  openBucket,
  type Publisher,
  startNatsCluster,
  startNatsServer,
} from '@peyk/messaging'
import { eventually, freePort } from '@peyk/testing'
import { SignJWT } from 'jose'

export const tenant = tenantIdSchema.parse('acme')
const SECRET = 'a secret of more than thirty-two bytes, for tests'
export const timestamp = feedInstant(new Date())

export const samples: Record<LiveMessageType, object> = {
  campaign_update: {
    id: 1,
    title: 'T',
    status: 'RUNNING',
    progress: { total: 1, sent: 0, failed: 0, delivered: 0 },
    startedAt: null,
    completedAt: null,
    timestamp,
  },
  progress_update: { progress: { sent: 1, total: 2, current: '0912' }, timestamp },
  status_update: { status: 'ready', message: 'WhatsApp connected successfully', timestamp },
  error_update: { error: 'x', timestamp },
  qr_code: { qrCode: 'data:image/png;base64,AA', timestamp },
  completion_update: {
    report: { status: 'COMPLETED', totalSent: 1, totalFailed: 0, reportUrl: '/api/campaigns/1/report' },
    timestamp,
  },
}

export interface Claims {
  readonly sub?: string
  readonly tenant?: string
  readonly roles?: readonly string[]
  readonly campaigns?: readonly number[]
  readonly [claim: string]: unknown
}

/** Signed with the key that the gateway of the fixture knows. */
export const token = (
  { sub = '1', ...claims }: Claims = {},
  ends: string | number = '10m',
): Promise<string> =>
  new SignJWT({ tenant: 'acme', roles: ['member'], ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime(ends)
    .sign(new TextEncoder().encode(SECRET))

/** One gateway process. */
export interface GatewayProcess {
  readonly port: number
  readonly adminPort: number
  readonly pid: number
  /** The answer of /metrics. */
  metrics(): Promise<string>
  end(signal?: NodeJS.Signals): Promise<void>
}

export interface NatsFixture extends AsyncDisposable {
  readonly nats: Nats
  readonly publisher: Publisher
  startGateway(options?: {
    readonly port?: number
    readonly environment?: Readonly<Record<string, string>>
    /** Where it finds NATS; default: all servers there are. */
    readonly natsUrl?: string
  }): Promise<GatewayProcess>
  /** A campaign that the gateway knows, of the fixture's tenant. */
  campaign(ownerId?: string): Promise<CampaignId>
  /** Resolves when it is stored, to its sequence; through any fault of NATS it is stored once. */
  publish(id: CampaignId, type: LiveMessageType, data?: object): Promise<number>
}

export interface GatewayFixture extends NatsFixture {
  readonly server: NatsServer
}

export interface ClusterFixture extends NatsFixture {
  readonly cluster: NatsCluster
}

const gatewaySettings = {
  JWT_SECRET: SECRET,
  WS_PING_INTERVAL: '1s',
  WS_DRAIN_SPREAD: '0.2s',
  WS_MAX_PER_USER: '5',
  LOG_LEVEL: 'warn',
}

/** Settings of a gateway whose memory can be asked for without what is garbage. */
export const collectable = {
  NODE_OPTIONS: "--expose-gc --import data:text/javascript,process.on('SIGUSR2',()=>gc())",
}

/** What a gateway that is `collectable` holds, in MiB, once its garbage was collected. */
export const heldMiB = async (gateway: GatewayProcess): Promise<number> => {
  let least = Infinity
  // What one collection frees may hold more that only the next one can free.
  for (let round = 0; round < 5; round += 1) {
    process.kill(gateway.pid, 'SIGUSR2')
    const text = await gateway.metrics()
    const bytes = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
    least = Math.min(least, bytes('nodejs_heap_size_used_bytes') + bytes('nodejs_external_memory_bytes'))
  }
  return least / 1024 ** 2
}

const startGateway = async (
  natsUrl: string,
  { port, environment }: { readonly port: number; readonly environment: Readonly<Record<string, string>> },
): Promise<GatewayProcess> => {
  const adminPort = await freePort()
  const child: ChildProcess = spawn(process.execPath, [new URL('../main.ts', import.meta.url).pathname], {
    env: {
      ...process.env,
      ...gatewaySettings,
      NATS_URL: natsUrl,
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      ...environment,
    },
    stdio: 'inherit',
  })
  const gone = once(child, 'exit')
  await eventually(async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok, {
    deadlineMs: 30_000,
    what: 'the gateway',
  })
  return {
    port,
    adminPort,
    pid: child.pid ?? 0,
    metrics: async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text(),
    end: async (signal = 'SIGTERM') => {
      child.kill(signal)
      await gone
    },
  }
}

export const startGatewayFixture = async (options: NatsServerOptions = {}): Promise<GatewayFixture> => {
  const server = await startNatsServer(options)
  return { server, ...(await fixtureOn(server, 1)) }
}

/** Three nodes, and every stream and bucket on each of them. */
export const startClusterFixture = async (): Promise<ClusterFixture> => {
  const cluster = await startNatsCluster()
  return { cluster, ...(await fixtureOn(cluster, 3)) }
}

const PUBLISH_TIMEOUT_MS = 60_000

const fixtureOn = async (server: NatsServer | NatsCluster, replicas: number): Promise<NatsFixture> => {
  const nats = await connectNats({ url: server.url, name: 'test' })
  await ensureStreams(nats, natsTopology(replicas), { role: 'owner', allowUnsafeCluster: true })
  const publisher = createPublisher(nats)
  const gateways: GatewayProcess[] = []
  const counts = new Map<CampaignId, number>()
  let campaigns = 0
  return {
    nats,
    publisher,
    startGateway: async ({ port, environment = {}, natsUrl = server.url } = {}) => {
      const gateway = await startGateway(natsUrl, { port: port ?? (await freePort()), environment })
      gateways.push(gateway)
      return gateway
    },
    campaign: async (ownerId = '1') => {
      const campaignId = campaignIdSchema.parse((campaigns += 1))
      const access = { campaignId, tenant, ownerId }
      await openBucket(nats, 'campaign_access').put(keys.campaignAccess(campaignId), access)
      return campaignId
    },
    publish: async (id, type, data = samples[type]) => {
      const isQr = type === 'qr_code'
      const count = (counts.get(id) ?? 0) + 1
      if (!isQr) counts.set(id, count)
      const { sequence } = await publisher.publish(subjects.live(tenant, id, type), data, {
        id: randomUUID(),
        timeoutMs: PUBLISH_TIMEOUT_MS,
        headers: isQr
          ? { [headers.expires]: new Date(Date.now() + 60_000).toISOString() }
          : { [headers.liveCount]: String(count) },
      })
      return sequence
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(gateways.map((gateway) => gateway.end()))
      await nats.close()
      await server.dispose()
    },
  }
}
