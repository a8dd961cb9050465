// One connection of a session, from its opening to its end: QR, number, what is told, sending, draining.
import type { DesiredSession, SessionOutcome } from '@peyk/contracts'
import type { Lease } from '@peyk/messaging'
import type { Log } from '@peyk/service-kit'
import { setTimeout as sleep } from 'node:timers/promises'

import type {
  Channel,
  ClosedEvent,
  Connection,
  ConnectionEvent,
  CredentialStore,
} from '../channel/channel.ts'
import type { SenderMetrics } from '../metrics.ts'
import type { Outcomes } from '../outcomes/outcomes.ts'
import { isOver, whenAborted } from '../wakeup.ts'
import { maskNumber } from './masked-number.ts'
import type { NumberRegistry } from './number-registry.ts'
import type { OpenNumber, Serve } from './open-number.ts'
import type { QrFeed } from './qr-feed.ts'
import type { RecentMessages } from './recent-messages.ts'

/** SPEC S10 */
const DRAIN_MS = 20_000
/** Our own record beside WhatsApp's: where this session stands in the registry of numbers. */
export const NUMBER_RECORD = 'peyk/number'

export interface ConnectionDeps {
  readonly channel: Channel
  readonly numbers: NumberRegistry
  readonly outcomes: Outcomes
  readonly metrics: SenderMetrics
  readonly serve: Serve
  readonly log: Log
}

export interface ConnectionRequest {
  readonly desired: DesiredSession
  readonly credentials: CredentialStore
  readonly lease: Lease
  readonly qrFeed: QrFeed
  readonly recent: RecentMessages
  /** Only to log out. */
  readonly toLogOut: boolean
  /** Aborts when the connection is to be drained and closed: a stop. */
  readonly stop: AbortSignal
  /** Aborts when the connection is to be drained and logged out. */
  readonly logOut: AbortSignal
}

export interface ConnectionEnd {
  readonly closed: ClosedEvent
  readonly openForMs: number
  /** Another session of the installation holds this number. */
  readonly isNumberTaken: boolean
}

/** Opens a connection and stays with it until it has ended. */
export const runConnection = (deps: ConnectionDeps, request: ConnectionRequest): Promise<ConnectionEnd> =>
  new SessionConnection(deps, request).run()

type Told = SessionOutcome extends infer Each
  ? Each extends SessionOutcome
    ? Omit<Each, 'sessionId' | 'at'>
    : never
  : never

class SessionConnection {
  readonly #deps: ConnectionDeps
  readonly #request: ConnectionRequest
  readonly #log: Log
  readonly #drain = new AbortController()
  readonly #closed = Promise.withResolvers<ClosedEvent>()
  readonly #connection: Connection
  #opening: Promise<void> = Promise.resolve()
  #serving: Promise<void> = Promise.resolve()
  #lastTold: SessionOutcome['kind'] | undefined
  #openedAt: number | undefined
  #isClosed = false
  #isNumberTaken = false
  #countedAs: 'connecting' | 'open' | undefined

  constructor(deps: ConnectionDeps, request: ConnectionRequest) {
    this.#deps = deps
    this.#request = request
    const { sessionId, qrFor, method } = request.desired
    this.#log = deps.log.child({ sessionId })
    const mayLink = !request.toLogOut && qrFor.length > 0 && method === 'qr'
    this.#connection = deps.channel.open({
      credentials: request.credentials,
      sessionLabel: sessionId,
      ...(mayLink ? { link: { method: 'qr' } } : {}),
      onEvent: (event) => this.#onEvent(event),
      recall: (messageId) => {
        const text = request.recent.get(messageId)
        return Promise.resolve(text === undefined ? undefined : { text })
      },
      log: this.#log,
    })
  }

  async run(): Promise<ConnectionEnd> {
    const { lease, stop, logOut } = this.#request
    const endNow = AbortSignal.any([lease.signal, stop, logOut])
    this.#countAs('connecting')
    await Promise.race([this.#closed.promise, whenAborted(endNow)])
    if (!this.#isClosed) await this.#end()
    const closed = await this.#closed.promise
    await Promise.all([this.#opening, this.#serving])
    this.#request.qrFeed.clear()
    const openForMs = this.#openedAt === undefined ? 0 : performance.now() - this.#openedAt
    this.#countAs(undefined)
    this.#deps.metrics.connectionsClosed.inc({ cause: closed.cause })
    this.#log.info({ cause: closed.cause, code: closed.code, detail: closed.detail }, 'connection_closed')
    return { closed, openForMs, isNumberTaken: this.#isNumberTaken }
  }

  /** Moves this connection to another state of the gauge. */
  #countAs(state: 'connecting' | 'open' | undefined): void {
    const { sessions } = this.#deps.metrics
    if (this.#countedAs !== undefined) sessions.dec({ state: this.#countedAs })
    if (state !== undefined) sessions.inc({ state })
    this.#countedAs = state
  }

  async #end(): Promise<void> {
    this.#drain.abort()
    const { lease, logOut } = this.#request
    // Without the lease the number may be another's by now: not a moment longer (S1).
    if (!lease.signal.aborted) {
      const abandoned = AbortSignal.any([lease.signal, AbortSignal.timeout(DRAIN_MS)])
      await Promise.race([this.#serving, this.#closed.promise, whenAborted(abandoned)])
      if (logOut.aborted && !isOver(lease.signal)) await this.#tryLogOut()
    }
    await this.#connection.close()
  }

  #onEvent(event: ConnectionEvent): void {
    const { qrFeed } = this.#request
    switch (event.type) {
      case 'connecting':
        this.#tell({ kind: 'connecting' })
        return
      case 'qr':
        qrFeed.show(event)
        this.#tell({ kind: 'scan_qr' })
        return
      case 'linked':
        qrFeed.clear()
        this.#log.info({}, 'session_linked')
        return
      case 'open':
        qrFeed.clear()
        this.#openedAt = performance.now()
        this.#countAs('open')
        this.#opening = this.#opened(event.phone).catch((error: unknown) => this.#openFailed(error))
        return
      case 'receipt':
        this.#deps.metrics.receipts.inc({ state: event.state })
        this.#publish({
          kind: 'receipt',
          messageIds: [...event.messageIds],
          state: event.state,
          sessionId: this.#request.desired.sessionId,
          at: event.at.toISOString(),
        })
        return
      case 'closed':
        this.#isClosed = true
        this.#drain.abort()
        this.#closed.resolve(event)
        return
      case 'pairing_code':
      case 'reply':
        return
    }
  }

  async #opened(phone: string): Promise<void> {
    const { desired, credentials, toLogOut } = this.#request
    if (toLogOut) return this.#tryLogOut()
    const key = await this.#deps.numbers.claim(phone, desired.sessionId)
    if (key === undefined) {
      this.#isNumberTaken = true
      return this.#tryLogOut()
    }
    const record = Buffer.from(key)
    const known = (await credentials.read([NUMBER_RECORD])).get(NUMBER_RECORD)
    if (known === undefined || !record.equals(known))
      await credentials.write(new Map([[NUMBER_RECORD, record]]))
    if (this.#drain.signal.aborted) return
    this.#tell({ kind: 'ready', maskedNumber: maskNumber(phone) })
    this.#serving = this.#serve()
  }

  async #serve(): Promise<void> {
    const { desired, credentials, recent } = this.#request
    const number: OpenNumber = {
      tenant: desired.tenant,
      sessionId: desired.sessionId,
      connection: this.#connection,
      credentials,
      draining: this.#drain.signal,
      remember: (messageId, text) => recent.add(messageId, text),
      endSocket: () => void this.#connection.close(),
    }
    try {
      await this.#deps.serve(number)
    } catch (error) {
      this.#openFailed(error)
    }
  }

  /** What should not happen: the socket ends, and the session begins anew. */
  #openFailed(error: unknown): void {
    this.#log.error({ error }, 'session_failed')
    void this.#connection.close()
  }

  async #tryLogOut(): Promise<void> {
    try {
      await this.#connection.logout()
    } catch (error) {
      this.#log.warn({ error }, 'logout_failed')
      await Promise.race([this.#connection.close(), sleep(DRAIN_MS, undefined, { ref: false })])
    }
  }

  #tell(told: Told): void {
    if (this.#request.toLogOut || this.#lastTold === told.kind) return
    this.#lastTold = told.kind
    const at = new Date().toISOString()
    const { desired, lease } = this.#request
    this.#publish({ ...told, sessionId: desired.sessionId, at }, lease.signal)
  }

  #publish(outcome: SessionOutcome, whileOurs?: AbortSignal): void {
    this.#deps.outcomes.session(this.#request.desired.tenant, outcome, whileOurs).catch((error: unknown) => {
      this.#log.error({ error, kind: outcome.kind }, 'outcome_lost')
    })
  }
}
