// At start: the owner makes NATS hold what the definitions say, the others wait for that and check it.
import type { Topology } from '@peyk/contracts'
import type { StreamConfig, StreamInfo } from 'nats'

import type { Nats } from '../connection.ts'
import { NoStream, StreamDrift, UnsafeCluster } from '../errors.ts'
import { apiCode, askJetStream, isRefusal } from '../jetstream-api.ts'
import { type Log, silentLog } from '../log.ts'
import { FIRST_SAFE_CLUSTER, isAtLeast } from '../server-version.ts'
import { pause } from '../wait.ts'
import { changed, newStream, type WantedStream, wantedStreams } from './stream-config.ts'
import { differencesOf, formatPlan, type FieldDifference, type StreamPlan } from './stream-plan.ts'

export interface EnsureStreamsOptions {
  /** The owner creates and widens; a verifier waits for that and checks. */
  readonly role: 'owner' | 'verifier'
  /** How long to wait for NATS and, as verifier, for the owner; default 30 s. */
  readonly waitMs?: number
  /** For tests of a cluster that is older than what fences need; they may then be passed twice. */
  readonly allowUnsafeCluster?: boolean
  readonly signal?: AbortSignal
  readonly log?: Log
}

interface Found {
  readonly wanted: WantedStream
  readonly config: StreamConfig | undefined
}

interface Patience {
  readonly deadline: number
  readonly signal?: AbortSignal
}

const POLL_MS = 500

/**
 * Makes NATS hold what the definitions say. Subjects, retention, storage or discard that differ throw StreamDrift with
 * the diff; a verifier whose streams do not appear gets NoStream; replicas on old servers are UnsafeCluster. Other
 * differences are logged as warnings.
 */
export async function ensureStreams(
  nats: Nats,
  topology: Topology,
  options: EnsureStreamsOptions,
): Promise<void> {
  const log = options.log ?? silentLog
  const patience = {
    deadline: performance.now() + (options.waitMs ?? 30_000),
    ...(options.signal && { signal: options.signal }),
  }
  if (options.allowUnsafeCluster !== true) refuseUnsafeCluster(nats, topology)
  const work = options.role === 'owner' ? own : verify
  const plan = await work(nats, topology, patience)
  for (const { stream, field, actual, wanted } of plan.differences) {
    log.warn({ stream, field, actual, wanted }, 'stream differs from its definition')
  }
}

/** What differs, without changing anything. */
export async function planStreams(nats: Nats, topology: Topology): Promise<StreamPlan> {
  return planOf(await findAll(nats, topology, { deadline: performance.now() + 5_000 }))
}

/** For operators: creates, widens and narrows; answers what was done. Drift throws. */
export async function applyStreams(nats: Nats, topology: Topology): Promise<StreamPlan> {
  return change(nats, topology, { deadline: performance.now() + 30_000 }, () => true)
}

function refuseUnsafeCluster(nats: Nats, topology: Topology): void {
  const isReplicated = wantedStreams(topology).some(({ replicas }) => replicas > 1)
  const version = nats.serverVersion()
  if (isReplicated && !isAtLeast(version, FIRST_SAFE_CLUSTER))
    throw new UnsafeCluster(version, FIRST_SAFE_CLUSTER.join('.'))
}

type AskOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal }

const askOptions = ({ deadline, signal }: Patience): AskOptions => ({
  timeoutMs: deadline - performance.now(),
  ...(signal && { signal }),
})

async function own(nats: Nats, topology: Topology, patience: Patience): Promise<StreamPlan> {
  await change(nats, topology, patience, ({ kind }) => kind === 'widen')
  const plan = planOf(await findAll(nats, topology, patience))
  refuseDrift(plan)
  return plan
}

async function verify(nats: Nats, topology: Topology, patience: Patience): Promise<StreamPlan> {
  for (;;) {
    const plan = planOf(await findAll(nats, topology, patience))
    if (!hasDrift(plan, 'verifier') && plan.missing.length === 0) return plan
    if (performance.now() + POLL_MS > patience.deadline) {
      if (hasDrift(plan, 'verifier')) throw new StreamDrift(formatPlan(plan))
      throw new NoStream(plan.missing.join(', '))
    }
    await pause(POLL_MS, patience.signal)
    patience.signal?.throwIfAborted()
  }
}

/** New subjects are nothing for the owner, who adds them; a verifier whose subjects are not there may not start. */
const hasDrift = (plan: StreamPlan, role: 'owner' | 'verifier'): boolean =>
  plan.differences.some(
    ({ kind, field }) => kind === 'drift' || (role === 'verifier' && field === 'subjects'),
  )

function refuseDrift(plan: StreamPlan): void {
  if (hasDrift(plan, 'owner')) throw new StreamDrift(formatPlan(plan))
}

/** Creates what is missing and applies the differences that the filter lets through. */
async function change(
  nats: Nats,
  topology: Topology,
  patience: Patience,
  applies: (difference: FieldDifference) => boolean,
): Promise<StreamPlan> {
  const found = await findAll(nats, topology, patience)
  const plan = planOf(found)
  refuseDrift(plan)
  for (const { wanted, config } of found) {
    if (config === undefined) await create(nats, wanted, askOptions(patience))
    else await update(nats, wanted, config, applies, askOptions(patience))
  }
  return { missing: plan.missing, differences: plan.differences.filter(applies) }
}

async function findAll(nats: Nats, topology: Topology, patience: Patience): Promise<readonly Found[]> {
  const found: Found[] = []
  for (const wanted of wantedStreams(topology)) {
    found.push({ wanted, config: await configOf(nats, wanted.name, askOptions(patience)) })
  }
  return found
}

async function configOf(nats: Nats, stream: string, options: AskOptions): Promise<StreamConfig | undefined> {
  try {
    const { config } = await askJetStream<StreamInfo>(nats, `STREAM.INFO.${stream}`, undefined, options)
    return config
  } catch (error) {
    if (isRefusal(error, apiCode.streamNotFound)) return undefined
    throw error
  }
}

async function create(nats: Nats, wanted: WantedStream, options: AskOptions): Promise<void> {
  try {
    await askJetStream(nats, `STREAM.CREATE.${wanted.name}`, newStream(wanted), options)
  } catch (error) {
    // Another owner made it in between, a little differently: the check afterwards judges that.
    if (!isRefusal(error, apiCode.streamNameTaken)) throw error
  }
}

async function update(
  nats: Nats,
  wanted: WantedStream,
  config: StreamConfig,
  applies: (difference: FieldDifference) => boolean,
  options: AskOptions,
): Promise<void> {
  const chosen = differencesOf(wanted, config).filter(applies)
  if (chosen.length === 0) return
  const fields = chosen.map(({ field }) => field)
  const next = { ...config, ...changed(wanted, fields) }
  await askJetStream(nats, `STREAM.UPDATE.${wanted.name}`, next, options)
}

function planOf(found: readonly Found[]): StreamPlan {
  return {
    missing: found.filter(({ config }) => config === undefined).map(({ wanted }) => wanted.name),
    differences: found.flatMap(({ wanted, config }) => (config ? differencesOf(wanted, config) : [])),
  }
}
