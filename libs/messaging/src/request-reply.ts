// Questions between processes that are there now; nothing is stored.
import { context } from '@opentelemetry/api'
import type { Msg } from 'nats'

import type { Nats } from './connection.ts'
import { RequestRefused } from './errors.ts'
import { errorLine, type Log, silentLog } from './log.ts'
import {
  decodeHeaders,
  decodeJson,
  encodeHeaders,
  encodePayload,
  type Headers,
  type Payload,
} from './message.ts'
import { extractTrace, injectTrace } from './trace.ts'

/** A question as it arrives, or the answer to one. */
export interface Question {
  readonly subject: string
  readonly headers: Headers
  readonly data: Uint8Array
  json(): unknown
}

const DEFAULT_TIMEOUT_MS = 5_000
const ERROR_HEADER = 'peyk-error'

/** Asks whoever responds; throws NoResponder, RequestRefused or NatsUnavailable. */
export async function request(
  nats: Nats,
  subject: string,
  payload: Payload,
  options: { readonly timeoutMs?: number; readonly headers?: Headers } = {},
): Promise<Question> {
  const headers = injectTrace(options.headers ?? {})
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const answer = readQuestion(await nats.request(subject, encodePayload(payload), timeoutMs, headers))
  const refused = answer.headers[ERROR_HEADER]
  if (refused !== undefined) throw new RequestRefused(subject, refused)
  return answer
}

/**
 * Answers requests until the signal aborts, several at a time. A RequestRefused thrown by the handler reaches the asker as
 * it is; any other error is logged, and the asker learns only that it was `internal`.
 */
export function respond(
  nats: Nats,
  subject: string,
  handler: (question: Question) => Promise<Payload>,
  signal: AbortSignal,
  log: Log = silentLog,
): void {
  if (signal.aborted) return
  const subscription = nats.connection.subscribe(subject, {
    callback: (_error, message) => void answer(nats, message, handler, log),
  })
  signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true })
}

async function answer(
  nats: Nats,
  message: Msg,
  handler: (question: Question) => Promise<Payload>,
  log: Log,
): Promise<void> {
  const question = readQuestion(message)
  try {
    const payload = await context.with(extractTrace(question.headers), () => handler(question))
    send(nats, message, encodePayload(payload), {})
  } catch (error) {
    const isRefusal = error instanceof RequestRefused
    if (!isRefusal) log.error({ error: errorLine(error) }, 'a request was not answered')
    send(nats, message, new Uint8Array(), { [ERROR_HEADER]: isRefusal ? error.code : 'internal' })
  }
}

function send(nats: Nats, { reply }: Msg, data: Uint8Array, headers: Headers): void {
  if (reply === undefined || !nats.isConnected()) return
  const encoded = encodeHeaders(headers)
  nats.connection.publish(reply, data, encoded === undefined ? {} : { headers: encoded })
}

const readQuestion = ({ subject, headers, data }: Msg): Question => ({
  subject,
  headers: decodeHeaders(headers),
  data,
  json: () => decodeJson(data),
})
