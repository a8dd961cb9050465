// The life of one session (SPEC S1 to S10): the lease, the credentials, one connection after another.
import { type DesiredSession, keys as keyOf, type SessionOutcome, subjects } from '@peyk/contracts'
import { acquireLease, lastMessageOf, type Lease, type Nats, type Publisher } from '@peyk/messaging'

import { type CredentialLog, openCredentialLog } from '../credentials/credential-log.ts'
import { decodeLogEntry } from '../credentials/log-entry.ts'
import type { TenantKeys } from '../credentials/tenant-keys.ts'
import { isOver, Wakeup } from '../wakeup.ts'
import { type ConnectionPast, freshPast, type NextStep, nextStep, pastAfter } from './disconnect-policy.ts'
import type { LoginTurns } from './login-turns.ts'
import { QrFeed } from './qr-feed.ts'
import { RecentMessages } from './recent-messages.ts'
import {
  type ConnectionDeps,
  type ConnectionEnd,
  NUMBER_RECORD,
  runConnection,
} from './session-connection.ts'

const LOG_OUT_TRIES = 3
const AGAIN_AFTER_MS = 1_000
const FOR_EVER_MS = 24 * 3_600_000

export interface SessionDeps extends ConnectionDeps {
  readonly nats: Nats
  readonly publisher: Publisher
  readonly keys: TenantKeys
  readonly turns: LoginTurns
  /** Who we are, for operators to read in the lease. */
  readonly owner: string
}

/** A session while this process runs; it may never become its owner. */
export class Session {
  readonly #deps: SessionDeps
  readonly #changed = new Wakeup()
  readonly #stopping = new AbortController()
  readonly #recent = new RecentMessages()
  readonly #ended: Promise<void>
  #desired: DesiredSession
  #qrFeed: QrFeed | undefined
  /** Aborts when a connection is there that is not wanted any more. */
  #unlink = new AbortController()

  constructor(deps: SessionDeps, desired: DesiredSession) {
    this.#deps = { ...deps, log: deps.log.child({ sessionId: desired.sessionId }) }
    this.#desired = desired
    this.#ended = this.#run()
  }

  want(desired: DesiredSession): void {
    this.#desired = desired
    if (desired.wanted === 'unlinked') this.#unlink.abort()
    this.#qrFeed?.showTo(desired.qrFor)
    this.#changed.wake()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#ended
  }

  async #run(): Promise<void> {
    const { nats, owner, log, metrics } = this.#deps
    const signal = this.#stopping.signal
    while (!signal.aborted) {
      try {
        await this.#untilWorthOwning()
        if (isOver(signal)) return
        const key = keyOf.sessionLease(this.#desired.sessionId)
        const lease = await acquireLease(nats, { bucket: 'leases', key, owner, signal, log })
        metrics.leases.inc()
        try {
          await this.#own(lease)
        } finally {
          metrics.leases.dec()
          await lease.release()
        }
      } catch (error) {
        if (!isOver(signal)) {
          metrics.sessionInterruptions.inc()
          log.warn({ error }, 'session_interrupted')
        }
      }
      await this.#pause(AGAIN_AFTER_MS, signal)
    }
  }

  /** A session that is to be unlinked and has no credentials needs no owner. */
  async #untilWorthOwning(): Promise<void> {
    const subject = subjects.credentials(this.#desired.sessionId)
    while (!this.#stopping.signal.aborted && this.#desired.wanted === 'unlinked') {
      const last = await lastMessageOf(this.#deps.nats, 'WA_KEYS', subject)
      if (last !== undefined && decodeLogEntry(last.data).kind !== 'wiped') return
      await this.#changed.wait(FOR_EVER_MS, this.#stopping.signal)
    }
  }

  /** Everything that is done as the owner; returns when it is no longer that, or when nothing is left to do. */
  async #own(lease: Lease): Promise<void> {
    const { nats, publisher, keys, log } = this.#deps
    const { tenant, sessionId } = this.#desired
    const credentials = await openCredentialLog({ nats, publisher, keys, tenant, sessionId })
    this.#qrFeed = new QrFeed({ nats, publisher, tenant, log })
    const signal = AbortSignal.any([this.#stopping.signal, lease.signal])
    let past = freshPast
    try {
      while (!signal.aborted) {
        if (this.#desired.wanted === 'unlinked') {
          await this.#unlinkAsWanted(lease, credentials)
          return
        }
        this.#unlink = new AbortController()
        this.#qrFeed.showTo(this.#desired.qrFor)
        if (credentials.isEmpty && this.#desired.qrFor.length === 0) {
          await this.#changed.wait(FOR_EVER_MS, signal)
          continue
        }
        const end = await this.#connect(lease, credentials, false)
        if (isOver(signal)) return
        past = pastAfter(past, end.closed, end.openForMs)
        if (!(await this.#goOn(end, past, lease, credentials))) return
      }
    } finally {
      await this.#qrFeed.close()
      this.#qrFeed = undefined
    }
  }

  async #connect(lease: Lease, credentials: CredentialLog, toLogOut: boolean): Promise<ConnectionEnd> {
    const stop = this.#stopping.signal
    await this.#deps.turns.next(AbortSignal.any([stop, lease.signal]))
    const end = await runConnection(this.#deps, {
      desired: this.#desired,
      credentials,
      lease,
      qrFeed: this.#qrFeed ?? this.#noFeed(),
      recent: this.#recent,
      toLogOut,
      stop,
      logOut: toLogOut ? new AbortController().signal : this.#unlink.signal,
    })
    await credentials.settled()
    return end
  }

  #noFeed(): never {
    throw new Error('sender-session-1: a connection without a place for its QR')
  }

  /** False: begin with the lease again. */
  async #goOn(
    { closed, openForMs, isNumberTaken }: ConnectionEnd,
    past: ConnectionPast,
    lease: Lease,
    credentials: CredentialLog,
  ): Promise<boolean> {
    if (this.#desired.wanted === 'unlinked' && closed.cause !== 'fenced') return true
    const step = nextStep(closed, past, Date.now(), Math.random())
    if (openForMs > 0 && step.step !== 'wipe' && closed.cause !== 'restart_required')
      this.#tell(lease, { kind: 'disconnected', cause: closed.cause })
    if (isNumberTaken) this.#tell(lease, { kind: 'disconnected', cause: 'number_in_use' })
    return this.#follow(step, closed.cause, lease, credentials)
  }

  async #follow(step: NextStep, cause: string, lease: Lease, credentials: CredentialLog): Promise<boolean> {
    const signal = AbortSignal.any([this.#stopping.signal, lease.signal, this.#unlink.signal])
    switch (step.step) {
      case 'reconnect':
        await this.#pause(step.afterMs, signal)
        return true
      case 'rest':
        this.#tell(lease, { kind: 'resting', until: new Date(Date.now() + step.forMs).toISOString() })
        await this.#pause(step.forMs, signal)
        return true
      case 'wipe':
        await this.#wipe(lease, credentials)
        return true
      case 'stop':
        this.#tell(lease, { kind: step.told, cause })
        await this.#untilWantedAnew(signal)
        return true
      case 'start_over':
        await this.#pause(step.afterMs, signal)
        return false
    }
  }

  /** Until it is to be unlinked, or a campaign asks that did not before. */
  async #untilWantedAnew(signal: AbortSignal): Promise<void> {
    for (;;) {
      const before = this.#desired.qrFor
      await this.#changed.wait(FOR_EVER_MS, signal)
      const { wanted, qrFor } = this.#desired
      if (signal.aborted || wanted === 'unlinked' || qrFor.some((id) => !before.includes(id))) return
    }
  }

  async #unlinkAsWanted(lease: Lease, credentials: CredentialLog): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, lease.signal])
    if (credentials.isEmpty) {
      await credentials.wipe()
      return
    }
    for (let tries = 0; tries < LOG_OUT_TRIES; tries += 1) {
      const { closed } = await this.#connect(lease, credentials, true)
      if (signal.aborted || closed.cause === 'fenced') return
      if (closed.cause === 'logged_out' || closed.cause === 'banned') break
      await this.#pause(AGAIN_AFTER_MS, signal)
    }
    if (!isOver(signal)) await this.#wipe(lease, credentials)
  }

  async #wipe(lease: Lease, credentials: CredentialLog): Promise<void> {
    const { numbers, log } = this.#deps
    const { sessionId } = this.#desired
    const number = (await credentials.read([NUMBER_RECORD])).get(NUMBER_RECORD)
    if (number !== undefined) await numbers.release(Buffer.from(number).toString(), sessionId)
    await credentials.wipe()
    log.info({}, 'session_logged_out')
    this.#tell(lease, { kind: 'logged_out' })
    // A link that was wished for before the logout is not wished for any more.
    if (this.#desired.wanted === 'linked')
      await this.#untilWantedAnew(AbortSignal.any([this.#stopping.signal, lease.signal]))
  }

  #tell(
    lease: Lease,
    told:
      | { readonly kind: 'disconnected' | 'banned'; readonly cause: string }
      | { readonly kind: 'resting'; readonly until: string }
      | { readonly kind: 'logged_out' },
  ): void {
    const { tenant, sessionId } = this.#desired
    const outcome: SessionOutcome = { ...told, sessionId, at: new Date().toISOString() }
    this.#deps.outcomes.session(tenant, outcome, lease.signal).catch((error: unknown) => {
      this.#deps.log.error({ error, kind: told.kind }, 'outcome_lost')
    })
  }

  /** A pause does not take a wake from who waits for a change of the wish. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await new Wakeup().wait(ms, signal)
  }
}
