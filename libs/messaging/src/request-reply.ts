import type { Nats } from './connection.ts'
import type { Headers, Payload } from './message.ts'

export interface Question {
  readonly subject: string
  readonly headers: Headers
  readonly data: Uint8Array
  json(): unknown
}

/** Asks whoever responds; throws NoResponder, RequestRefused or NatsUnavailable. */
export function request(
  nats: Nats,
  subject: string,
  payload: Payload,
  options: { readonly timeoutMs?: number; readonly headers?: Headers } = {},
): Promise<Question> {
  return Promise.reject(new Error(nats.name + subject + typeof payload + typeof options))
}

/** Answers requests until the signal aborts. A RequestRefused thrown by the handler reaches the asker as it is. */
export function respond(
  nats: Nats,
  subject: string,
  handler: (question: Question) => Promise<Payload>,
  signal: AbortSignal,
): void {
  throw new Error(nats.name + subject + typeof handler + typeof signal)
}
