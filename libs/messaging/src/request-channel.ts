// Requests over one inbox. Unlike the client's own, a request fails at once when the connection breaks: the
// answer went to a connection that is gone, and waiting for the timeout would only make us blind longer.
import type { Msg, NatsConnection, Subscription } from 'nats'

import { NatsUnavailable, NoResponder } from './errors.ts'
import { encodeHeaders, type Headers } from './message.ts'

interface Pending {
  readonly subject: string
  readonly resolve: (message: Msg) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

export class RequestChannel {
  readonly #connection: NatsConnection
  readonly #prefix: string
  readonly #pending = new Map<string, Pending>()
  readonly #subscription: Subscription
  #next = 0

  constructor(connection: NatsConnection, inbox: string) {
    this.#connection = connection
    this.#prefix = `${inbox}.`
    this.#subscription = connection.subscribe(`${this.#prefix}*`, {
      callback: (_error, message) => this.#answered(message),
    })
  }

  send(subject: string, data: Uint8Array, headers: Headers, timeoutMs: number): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const token = String((this.#next += 1))
      const expire = () =>
        this.#settle(token)?.reject(new NatsUnavailable(`no answer on ${subject}`, 'unknown'))
      const timer = setTimeout(expire, Math.max(1, timeoutMs))
      this.#pending.set(token, { subject, resolve, reject, timer })
      try {
        const encoded = encodeHeaders(headers)
        const reply = this.#prefix + token
        this.#connection.publish(subject, data, encoded ? { reply, headers: encoded } : { reply })
      } catch (cause) {
        this.#settle(token)?.reject(new NatsUnavailable(`cannot send to ${subject}`, 'not-sent', { cause }))
      }
    })
  }

  /** Fails all requests under way: their answers can no longer arrive. */
  abort(why: string): void {
    for (const token of [...this.#pending.keys()]) {
      this.#settle(token)?.reject(new NatsUnavailable(why, 'unknown'))
    }
  }

  close(): void {
    this.abort('the connection was closed')
    this.#subscription.unsubscribe()
  }

  #answered(message: Msg | null): void {
    if (message === null) return
    const pending = this.#settle(message.subject.slice(this.#prefix.length))
    if (pending === undefined) return
    const nobody = message.data.length === 0 && message.headers?.code === 503
    if (nobody) pending.reject(new NoResponder(pending.subject))
    else pending.resolve(message)
  }

  #settle(token: string): Pending | undefined {
    const pending = this.#pending.get(token)
    if (pending === undefined) return undefined
    this.#pending.delete(token)
    clearTimeout(pending.timer)
    return pending
  }
}
