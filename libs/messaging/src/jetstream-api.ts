// One door to JetStream's API: a request, its JSON answer, its errors as ours.
import type { Nats } from './connection.ts'
import { JetStreamRefused, NatsUnavailable, NoResponder } from './errors.ts'
import { decodeJson, encodePayload } from './message.ts'
import { backOffMs, pause } from './wait.ts'

/** The server's `err_code`s that decide something here. */
export const apiCode = {
  noSuitablePeers: 10005,
  notReady: 10008,
  consumerNotFound: 10014,
  noMessage: 10037,
  notEnabledForAccount: 10039,
  streamNameTaken: 10058,
  streamNotFound: 10059,
  wrongLastSequence: 10071,
  wrongLastSequenceConstant: 10164,
  notEnabled: 10076,
  storeFailed: 10077,
  messageTooLarge: 10054,
  accountResources: 10002,
  insufficientResources: 10023,
  memoryResources: 10028,
  storageResources: 10047,
} as const

export interface ApiError {
  readonly code: number
  readonly err_code?: number
  readonly description?: string
}

/** Codes that pass by themselves: an election, a server that is starting. */
const PASSING: ReadonlySet<number> = new Set([
  apiCode.noSuitablePeers,
  apiCode.notReady,
  apiCode.notEnabled,
  503,
])

/**
 * Asks JetStream's API, again and again while nobody can answer (an election, a restart), until the time is over:
 * then NatsUnavailable. For calls that may be repeated. `T` is the answer as the server's documentation gives it.
 */
export async function askJetStream<T>(
  nats: Nats,
  call: string,
  body: object | undefined,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const deadline = performance.now() + (options.timeoutMs ?? 5_000)
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted()
    const leftMs = deadline - performance.now()
    try {
      return await askOnce<T>(nats, call, body, Math.min(leftMs, 2_000))
    } catch (error) {
      if (!isPassing(error)) throw error
      const waitMs = backOffMs(attempt, 50, 500)
      if (performance.now() + waitMs >= deadline) throw new NatsUnavailable(call, 'unknown', { cause: error })
      if (nats.isConnected()) await pause(waitMs, options.signal)
      else await nats.whenConnected(deadline - performance.now(), options.signal)
    }
  }
}

/** One try. */
export async function askOnce<T>(
  nats: Nats,
  call: string,
  body: object | undefined,
  timeoutMs: number,
): Promise<T> {
  const payload = body === undefined ? undefined : encodePayload(body)
  const message = await nats.request(`$JS.API.${call}`, payload, timeoutMs)
  const answer = decodeJson(message.data) as { readonly error?: ApiError }
  if (answer.error !== undefined) throw refusal(call, answer.error)
  return answer as T
}

const refusal = (call: string, error: ApiError): JetStreamRefused =>
  new JetStreamRefused(call, error.err_code ?? error.code, error.description ?? 'no reason given')

export const isPassing = (error: unknown): boolean =>
  error instanceof NatsUnavailable ||
  error instanceof NoResponder ||
  (error instanceof JetStreamRefused && PASSING.has(error.code))

export const isRefusal = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof JetStreamRefused && codes.includes(error.code)
