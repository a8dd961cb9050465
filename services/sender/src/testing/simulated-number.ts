// A number and its campaigns over simulated days: the real pacing, a clock that jumps, trouble by chance.
import { HOUR_MS } from '../pacing/limits.ts'
import {
  type Candidate,
  countSend,
  earliestSend,
  nextTurn,
  type NumberPace,
  openingPace,
  type PacingRules,
  rest,
  timelock,
} from '../pacing/pacing.ts'

export interface SimulatedCampaign {
  readonly campaignId: number
  readonly intervalMs: number
  /** Nothing is sent before. */
  readonly startsAtMs: number
  /** Spans in which its gate is shut. */
  readonly pauses: readonly (readonly [fromMs: number, toMs: number])[]
  /** The phones that it sends to through this number, in their order. */
  readonly recipients: readonly number[]
}

export interface SimulatedSend {
  readonly atMs: number
  readonly campaignId: number
  readonly phone: number
  readonly toNewContact: boolean
  /** How often the number has been taken over: the turns of campaigns begin anew then (P12). */
  readonly takeovers: number
  /** Campaigns that might have sent at this instant too. */
  readonly mightHave: readonly number[]
}

export interface Simulation {
  readonly rules: PacingRules
  readonly campaigns: readonly SimulatedCampaign[]
  readonly startMs: number
  readonly durationMs: number
  readonly chance: () => number
}

/** The share of sends after which it happens. */
const TAKEOVERS = 0.002
const RATE_LIMITS = 0.000_5
const TIMELOCKS = 0.000_5
const REST_MS = 15 * 60_000
const TIMELOCK_MS = 6 * HOUR_MS

/** Answers the sends, in their order; a number that is freshly linked at the start. */
export const simulateNumber = (simulation: Simulation): readonly SimulatedSend[] => {
  const { rules, campaigns, startMs, durationMs, chance } = simulation
  const next = new Map(campaigns.map(({ campaignId }) => [campaignId, 0]))
  const known = new Set<number>()
  const sent: SimulatedSend[] = []
  let pace = openingPace(startMs, [], rules)
  let takeovers = 0
  for (let nowMs = startMs; nowMs < startMs + durationMs;) {
    const ready = campaigns.flatMap((campaign) => {
      const phone = campaign.recipients[next.get(campaign.campaignId) ?? 0]
      if (phone === undefined || !isOpen(campaign, nowMs)) return []
      return [{ ...campaign, phone, toNewContact: !known.has(phone) }]
    })
    if (campaigns.every(({ campaignId, recipients }) => next.get(campaignId) === recipients.length)) break
    const turn = nextTurn(pace, rules, ready, nowMs)
    const chosen = turn.go ? ready.find(({ campaignId }) => campaignId === turn.campaignId) : undefined
    if (chosen === undefined) {
      nowMs += turn.go ? 1 : Math.max(1, turn.waitMs)
      continue
    }
    const { campaignId, phone, toNewContact } = chosen
    const mightHave = free(pace, rules, ready, nowMs)
    sent.push({ atMs: nowMs, campaignId, phone, toNewContact, takeovers, mightHave })
    pace = countSend(pace, rules, { ...chosen, chance: chance() }, nowMs)
    known.add(phone)
    next.set(campaignId, (next.get(campaignId) ?? 0) + 1)
    pace = afterAnswer(pace, nowMs, chance())
    if (chance() < TAKEOVERS) {
      takeovers += 1
      pace = openingPace(startMs, pace.sends, rules)
    }
  }
  return sent
}

const isOpen = ({ startsAtMs, pauses }: SimulatedCampaign, nowMs: number): boolean =>
  startsAtMs <= nowMs && !pauses.some(([fromMs, toMs]) => fromMs <= nowMs && nowMs < toMs)

const free = (pace: NumberPace, rules: PacingRules, ready: readonly Candidate[], nowMs: number): number[] =>
  ready
    .filter((candidate) => earliestSend(pace, rules, candidate, nowMs) <= nowMs)
    .map(({ campaignId }) => campaignId)

/** What WhatsApp says of the number with a send: nothing, that it has to rest, or that it is locked for new contacts. */
const afterAnswer = (pace: NumberPace, nowMs: number, chance: number): NumberPace => {
  if (chance < RATE_LIMITS) return rest(pace, nowMs + REST_MS)
  if (chance < RATE_LIMITS + TIMELOCKS) return timelock(pace, nowMs + TIMELOCK_MS)
  return pace
}
