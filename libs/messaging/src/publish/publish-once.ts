// One message to a stream, and what its answer means.
import type { Nats } from '../connection.ts'
import { JetStreamRefused, StreamFull, WrongLastSequence } from '../errors.ts'
import { type ApiError, apiCode } from '../jetstream-api.ts'
import { decodeJson, type Headers } from '../message.ts'
import type { Published, PublishOptions } from './outgoing.ts'

interface PublishAnswer {
  readonly stream?: string
  readonly seq?: number
  readonly duplicate?: boolean
  readonly error?: ApiError
}

const FULL: ReadonlySet<number> = new Set([
  apiCode.accountResources,
  apiCode.insufficientResources,
  apiCode.memoryResources,
  apiCode.storageResources,
])

/** The names that the server reads are its own spelling; all else is lower case. */
export function serverHeaders(options: PublishOptions): Headers {
  const headers: Record<string, string> = { ...options.headers }
  if (options.id !== undefined) headers['Nats-Msg-Id'] = options.id
  if (options.expectedLastSequence !== undefined)
    headers['Nats-Expected-Last-Sequence'] = String(options.expectedLastSequence)
  if (options.expectedLastSubjectSequence !== undefined)
    headers['Nats-Expected-Last-Subject-Sequence'] = String(options.expectedLastSubjectSequence)
  if (options.rollup === 'subject') headers['Nats-Rollup'] = 'sub'
  return headers
}

/** Throws what the server answered, or NatsUnavailable / NoResponder when it did not. */
export async function publishOnce(
  nats: Nats,
  subject: string,
  data: Uint8Array,
  headers: Headers,
  timeoutMs: number,
): Promise<Published> {
  const message = await nats.request(subject, data, timeoutMs, headers)
  const answer = decodeJson(message.data) as PublishAnswer
  if (answer.error !== undefined) throw refusal(subject, answer.error)
  if (answer.stream === undefined || answer.seq === undefined)
    throw new JetStreamRefused(subject, 0, 'the answer is not from a stream')
  return { stream: answer.stream, sequence: answer.seq, duplicate: answer.duplicate === true }
}

function refusal(subject: string, error: ApiError): Error {
  const code = error.err_code ?? error.code
  const description = error.description ?? 'no reason given'
  if (code === apiCode.wrongLastSequence || code === apiCode.wrongLastSequenceConstant) {
    const actual = /(\d+)\s*$/.exec(description)?.[1]
    return new WrongLastSequence(subject, actual === undefined ? undefined : Number(actual))
  }
  // 10077 is whatever the store said; "maximum ... exceeded" is its word for full.
  const isFull = FULL.has(code) || (code === apiCode.storeFailed && /maximum .* exceeded/.test(description))
  return isFull ? new StreamFull(subject, description) : new JetStreamRefused(subject, code, description)
}
