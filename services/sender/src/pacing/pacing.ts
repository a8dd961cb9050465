// When a number may send, and for which campaign (SPEC P1 to P11).
import { DAY_MS, HOUR_MS, type Limits, MINUTE_MS, newContactCap } from './limits.ts'

/** A send that counts. */
export interface CountedSend {
  readonly atMs: number
  /** To somebody whom this number had never written to. */
  readonly toNewContact: boolean
}

/** What pacing knows of one number. */
export interface NumberPace {
  readonly linkedAtMs: number
  /** Of the last 24 hours, oldest first. */
  readonly sends: readonly CountedSend[]
  /** By campaign: when it sent last through this number, and from when on it may again. */
  readonly campaigns: ReadonlyMap<number, { readonly lastAtMs: number; readonly dueAtMs: number }>
  readonly timelockedUntilMs: number
  readonly restsUntilMs: number
}

/** A campaign with a message ready for this number. */
export interface Candidate {
  readonly campaignId: number
  readonly toNewContact: boolean
}

export interface PacingRules {
  /** Absent: caps are off (P9). */
  readonly limits: Limits | undefined
  readonly minimumIntervalMs: number
}

export type Turn =
  | { readonly go: true; readonly campaignId: number }
  /** Nobody may go yet; ask again after so long, or when something changed. */
  | { readonly go: false; readonly waitMs: number }

const JITTER = 0.4
const LONGEST_WAIT_MS = MINUTE_MS

/** The pace of a number that was just opened (P12). */
export const openingPace = (
  linkedAtMs: number,
  sends: readonly CountedSend[],
  rules: PacingRules,
): NumberPace => ({
  linkedAtMs,
  sends,
  campaigns: new Map(),
  timelockedUntilMs: 0,
  restsUntilMs: (sends.at(-1)?.atMs ?? 0) + rules.minimumIntervalMs,
})

/** P2; `chance` is in [0, 1). */
export const drawInterval = (intervalMs: number, minimumIntervalMs: number, chance: number): number =>
  Math.max(minimumIntervalMs, intervalMs * (1 - JITTER + 2 * JITTER * chance))

/** Whose turn it is (P3). */
export const nextTurn = (
  pace: NumberPace,
  rules: PacingRules,
  candidates: readonly Candidate[],
  nowMs: number,
): Turn => {
  const waitsSince = ({ campaignId }: Candidate): number => pace.campaigns.get(campaignId)?.lastAtMs ?? -1
  let waitMs = LONGEST_WAIT_MS
  for (const candidate of candidates.toSorted((a, b) => waitsSince(a) - waitsSince(b))) {
    const inMs = earliestSend(pace, rules, candidate, nowMs) - nowMs
    if (inMs <= 0) return { go: true, campaignId: candidate.campaignId }
    waitMs = Math.min(waitMs, inMs)
  }
  return { go: false, waitMs: Math.ceil(waitMs) }
}

/** The first instant at which this message may go. */
export const earliestSend = (
  pace: NumberPace,
  rules: PacingRules,
  candidate: Candidate,
  nowMs: number,
): number => {
  const dueAtMs = pace.campaigns.get(candidate.campaignId)?.dueAtMs ?? 0
  const capsMs = rules.limits === undefined ? 0 : freeOfCaps(pace, rules.limits, candidate, nowMs)
  const timelockMs = candidate.toNewContact ? pace.timelockedUntilMs : 0
  return Math.max(dueAtMs, capsMs, timelockMs, pace.restsUntilMs)
}

const freeOfCaps = (pace: NumberPace, limits: Limits, candidate: Candidate, nowMs: number): number => {
  const { sends } = pace
  const ofNumber = Math.max(
    freeAt(sends, limits.perMinute, MINUTE_MS),
    freeAt(sends, limits.perHour, HOUR_MS),
    freeAt(sends, limits.perDay, DAY_MS),
  )
  if (!candidate.toNewContact) return ofNumber
  const toNew = sends.filter(({ toNewContact }) => toNewContact)
  return Math.max(ofNumber, freeAt(toNew, newContactCap(limits, nowMs - pace.linkedAtMs), DAY_MS))
}

/** A window is free again when the send that filled it has left it. */
const freeAt = (sends: readonly CountedSend[], cap: number, windowMs: number): number => {
  const filling = sends.at(-cap)
  return sends.length < cap || filling === undefined ? 0 : filling.atMs + windowMs
}

/** Counts a send, right before it is handed over (P10). */
export const countSend = (
  pace: NumberPace,
  rules: PacingRules,
  send: Candidate & { readonly intervalMs: number; readonly chance: number },
  nowMs: number,
): NumberPace => {
  const dueAtMs = nowMs + drawInterval(send.intervalMs, rules.minimumIntervalMs, send.chance)
  const campaigns = new Map(pace.campaigns).set(send.campaignId, { lastAtMs: nowMs, dueAtMs })
  if (rules.limits === undefined) return { ...pace, campaigns }
  const counted: CountedSend = { atMs: nowMs, toNewContact: send.toNewContact }
  return {
    ...pace,
    campaigns,
    sends: [...pace.sends.filter(({ atMs }) => atMs > nowMs - DAY_MS), counted],
  }
}

export const rest = (pace: NumberPace, untilMs: number): NumberPace => ({ ...pace, restsUntilMs: untilMs })

export const timelock = (pace: NumberPace, untilMs: number): NumberPace => ({
  ...pace,
  timelockedUntilMs: untilMs,
})
