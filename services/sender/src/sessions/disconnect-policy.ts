// What a session does after its connection ended (SPEC S4). Pure: chance is a parameter.
import type { ClosedEvent } from '../channel/channel.ts'

/** What went before the end. */
export interface ConnectionPast {
  /** Connections in a row that ended without having been open for long. */
  readonly failures: number
  /** Rounds of QR codes in a row that nobody scanned. */
  readonly rounds: number
  /** How often in a row another socket of this session took over. */
  readonly replacements: number
}

export type NextStep =
  | { readonly step: 'reconnect'; readonly afterMs: number }
  /** WhatsApp asks for a long pause. */
  | { readonly step: 'rest'; readonly forMs: number }
  /** The credentials are worth nothing. */
  | { readonly step: 'wipe' }
  /** Until something else is wanted. */
  | { readonly step: 'stop'; readonly told: 'banned' | 'disconnected' }
  /** The owner's place is in doubt: begin with the lease. */
  | { readonly step: 'start_over'; readonly afterMs: number }

export const freshPast: ConnectionPast = { failures: 0, rounds: 0, replacements: 0 }
export const STABLE_AFTER_MS = 2 * 60_000
export const MOST_QR_ROUNDS = 20

const MOST_REPLACEMENTS = 1
const AFTER_REPLACED_MS = 30_000
const REST_MS = 15 * 60_000
const MOST_REST_MS = 24 * 3_600_000
const FIRST_BACK_OFF_MS = 1_000
const LONGEST_BACK_OFF_MS = 60_000

/** What counts of the past after an end. */
export const pastAfter = (past: ConnectionPast, closed: ClosedEvent, openForMs: number): ConnectionPast => {
  const before = openForMs >= STABLE_AFTER_MS ? freshPast : past
  return {
    failures: before.failures + 1,
    rounds: closed.cause === 'qr_expired' ? before.rounds + 1 : before.rounds,
    replacements: before.replacements + (closed.cause === 'replaced' ? 1 : 0),
  }
}

/** `past` counts the end itself; `chance` is in [0, 1). */
export const nextStep = (
  closed: ClosedEvent,
  past: ConnectionPast,
  nowMs: number,
  chance: number,
): NextStep => {
  switch (closed.cause) {
    case 'restart_required':
      return past.failures > 3 ? backOff(past, chance) : { step: 'reconnect', afterMs: 0 }
    case 'connection_lost':
    case 'outdated':
    case 'untrusted_server':
    case 'pairing_refused':
      return backOff(past, chance)
    case 'qr_expired':
      return past.rounds >= MOST_QR_ROUNDS
        ? { step: 'stop', told: 'disconnected' }
        : { step: 'reconnect', afterMs: FIRST_BACK_OFF_MS }
    case 'replaced':
      return past.replacements > MOST_REPLACEMENTS
        ? { step: 'stop', told: 'disconnected' }
        : { step: 'reconnect', afterMs: AFTER_REPLACED_MS }
    case 'logged_out':
      return { step: 'wipe' }
    case 'banned':
      return { step: 'stop', told: 'banned' }
    case 'rate_limited':
      return { step: 'rest', forMs: restMs(closed, nowMs) }
    case 'stopped':
    case 'fenced':
    case 'store_failed':
      return { step: 'start_over', afterMs: FIRST_BACK_OFF_MS }
  }
}

/** 1 s, 2 s ... 60 s, of which half is chance: many sessions must not come back at the same moment. */
const backOff = ({ failures }: ConnectionPast, chance: number): NextStep => {
  const full = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(failures, 10))
  return { step: 'reconnect', afterMs: Math.round(full * (0.5 + 0.5 * chance)) }
}

const restMs = ({ until }: ClosedEvent, nowMs: number): number => {
  const askedMs = until === undefined ? REST_MS : until.getTime() - nowMs
  return Math.min(MOST_REST_MS, Math.max(REST_MS, askedMs))
}
