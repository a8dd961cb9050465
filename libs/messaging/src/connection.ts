// The connection to NATS: it never gives up, and says how long it has been away.
import { connect, createInbox, Events, type Msg, type NatsConnection, nkeyAuthenticator } from 'nats'

import { NatsUnavailable } from './errors.ts'
import type { Headers } from './message.ts'
import { RequestChannel } from './request-channel.ts'
import { errorLine, type Log, silentLog } from './log.ts'
import { backOffMs, pause } from './wait.ts'

export interface ConnectOptions {
  /**
   * One address or several, parted by commas: `nats://user:password@host:4222`, or with the seed of an nkey as the
   * password of the user `nkey`: `nats://nkey:SU...@host:4222`. With `tls://` the server has to prove who it is.
   */
  readonly url: string
  /** Shown in the server's monitoring, and part of our inboxes: a user may be limited to `_INBOX.<name>.>`. */
  readonly name: string
  readonly log?: Log
  /** Ends the waiting for a server that is not there yet. */
  readonly signal?: AbortSignal
}

export type NatsStatus = 'connected' | 'disconnected' | 'closed'

const NOTHING = new Uint8Array()
const RECONNECT_WAIT_MS = 250
/**
 * A server that accepts and says nothing (stopped, or behind a dead link) is left for the next one after this. Short, as
 * the client first dials the server that it just lost.
 */
const DIAL_TIMEOUT_MS = 1_000

/** Connects, waiting for the server as long as it takes. */
export async function connectNats(options: ConnectOptions): Promise<Nats> {
  const log = options.log ?? silentLog
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted()
    try {
      return new Nats(await dial(options), options.name, log)
    } catch (error) {
      if (attempt % 20 === 0) log.warn({ error: errorLine(error) }, 'waiting for NATS')
      await pause(backOffMs(attempt, RECONNECT_WAIT_MS, 2_000), options.signal)
    }
  }
}

function dial(options: ConnectOptions): Promise<NatsConnection> {
  const { servers, ...credentials } = parseServers(options.url)
  return connect({
    servers,
    ...authentication(credentials),
    name: options.name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: 100,
    reconnectJitterTLS: 100,
    pingInterval: 3_000,
    maxPingOut: 2,
    timeout: DIAL_TIMEOUT_MS,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  })
}

const NKEY_USER = 'nkey'

const authentication = ({ user, pass = '' }: { readonly user?: string; readonly pass?: string }) => {
  if (user === undefined) return {}
  return user === NKEY_USER
    ? { authenticator: nkeyAuthenticator(new TextEncoder().encode(pass)) }
    : { user, pass }
}

/** The client does not read a user from an address, so it is taken out here. */
function parseServers(url: string): { servers: string[]; user?: string; pass?: string } {
  const urls = url.split(',').map((each) => new URL(each.includes('://') ? each : `nats://${each}`))
  const servers = urls.map(({ protocol, host }) => `${protocol}//${host}`)
  const withUser = urls.find(({ username }) => username !== '')
  if (withUser === undefined) return { servers }
  const { username, password } = withUser
  return { servers, user: decodeURIComponent(username), pass: decodeURIComponent(password) }
}

/** A connection to NATS that lasts: made by {@link connectNats}, ended by {@link Nats.close}. */
export class Nats {
  readonly name: string
  /** For the files of this library alone: nobody else knows the client's types. */
  readonly connection: NatsConnection
  readonly #requests: RequestChannel
  readonly #log: Log
  readonly #listeners = new Set<(status: NatsStatus) => void>()
  #disconnectedAt: number | undefined
  #closing: Promise<void> | undefined

  constructor(connection: NatsConnection, name: string, log: Log) {
    this.connection = connection
    this.name = name
    this.#log = log
    this.#requests = new RequestChannel(connection, this.inbox())
    void this.#follow()
    void connection.closed().then((error) => this.#ended(error))
  }

  isConnected(): boolean {
    return this.#disconnectedAt === undefined
  }

  /** A new subject for answers, that only we subscribe to. */
  inbox(): string {
    return createInbox(`_INBOX.${this.name.replaceAll(/[^\w=-]/g, '_')}`)
  }

  /** By the monotonic clock; 0 while connected. */
  disconnectedForMs(): number {
    return this.#disconnectedAt === undefined ? 0 : performance.now() - this.#disconnectedAt
  }

  serverVersion(): string {
    return this.connection.info?.version ?? 'unknown'
  }

  /** Calls the listener at each change; the answer takes it off again. */
  onStatus(listener: (status: NatsStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Waits for the connection; false when the time ran out first. */
  async whenConnected(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.isConnected()) return true
    const connected = new AbortController()
    const off = this.onStatus((status) => status === 'connected' && connected.abort())
    const waits = signal === undefined ? connected.signal : AbortSignal.any([connected.signal, signal])
    await pause(timeoutMs, waits)
    off()
    return this.isConnected()
  }

  /** One request; fails at once with `not-sent` while disconnected, so nothing is ever queued behind our back. */
  request(
    subject: string,
    data: Uint8Array = NOTHING,
    timeoutMs = 2_000,
    headers: Headers = {},
  ): Promise<Msg> {
    if (!this.isConnected()) return Promise.reject(new NatsUnavailable(subject, 'not-sent'))
    return this.#requests.send(subject, data, headers, timeoutMs)
  }

  /** Asks the server for a sign of life; without one the connection is dropped and dialled again. */
  async probe(timeoutMs: number): Promise<boolean> {
    if (!this.isConnected()) return false
    const answered = await Promise.race([
      this.connection.flush().then(
        () => true,
        () => false,
      ),
      pause(timeoutMs).then(() => false),
    ])
    if (!answered && this.isConnected()) {
      this.#log.warn({ server: this.connection.getServer() }, 'NATS server is silent, dialling again')
      await this.connection.reconnect()
    }
    return answered
  }

  /** Delivers what is under way and closes; may be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.isConnected()) {
      await Promise.race([this.connection.drain().catch(() => undefined), pause(2_000)])
    }
    await this.connection.close()
    this.#requests.close()
  }

  async #follow(): Promise<void> {
    for await (const { type, data } of this.connection.status()) {
      if (type === Events.Disconnect) this.#lost()
      else if (type === Events.Reconnect) this.#back()
      else if (type === Events.Error)
        this.#log.warn({ error: JSON.stringify(data) }, 'NATS reported an error')
    }
  }

  #lost(): void {
    this.#disconnectedAt ??= performance.now()
    this.#requests.abort('the connection broke')
    this.#log.warn({}, 'NATS disconnected')
    this.#tell('disconnected')
  }

  #back(): void {
    const awayMs = Math.round(this.disconnectedForMs())
    this.#disconnectedAt = undefined
    this.#log.info({ server: this.connection.getServer(), awayMs }, 'NATS connected again')
    this.#tell('connected')
  }

  #ended(error: unknown): void {
    this.#disconnectedAt ??= performance.now()
    this.#requests.abort('the connection was closed')
    if (this.#closing === undefined)
      this.#log.error({ error: errorLine(error) }, 'NATS connection ended by itself')
    this.#tell('closed')
  }

  #tell(status: NatsStatus): void {
    for (const listener of [...this.#listeners]) listener(status)
  }
}
