import { EventStoreUnavailable } from '../event-store-errors.ts'
import { openGuardedClient, type GuardedClient } from './guarded-client.ts'

/** A second client would share the first one's table of pending appends and fail them when it loses its server. */
let isConnected = false

/** The process's one client; it is replaced when a server stops answering, since the client may wait for ever. */
export class Connection {
  readonly #url: string
  readonly #closing = new AbortController()
  #current: GuardedClient
  #pendingBytes = 0

  constructor(url: string) {
    if (isConnected) throw new Error('this process has an event store open: use that one, or close it first')
    this.#url = url
    this.#current = openGuardedClient(url)
    isConnected = true
  }

  /** Aborted when the connection closes. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** The client to use for one request. */
  use(operation: string): GuardedClient {
    if (this.#closing.signal.aborted) {
      throw new EventStoreUnavailable(operation, { cause: new Error('the connection was closed') })
    }
    return this.#current
  }

  /** Counts an append among those that wait for an answer, until the returned function is called. */
  reserve(bytes: number, maxPendingBytes: number): () => void {
    if (this.#pendingBytes + bytes > maxPendingBytes) {
      throw new EventStoreUnavailable('append', { cause: new Error('too much is waiting for an answer') })
    }
    this.#pendingBytes += bytes
    return () => {
      this.#pendingBytes -= bytes
    }
  }

  /** Tells that this client's request was not answered; the next request gets a new one. */
  replace(silent: GuardedClient): void {
    if (silent !== this.#current || this.#closing.signal.aborted) return
    this.#current = openGuardedClient(this.#url)
    silent.abandon()
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    await this.#current.dispose()
    isConnected = false
  }
}
