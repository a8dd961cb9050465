// How long a campaign takes: from its interval, the jitter of the sender and the least interval allowed.
import { type Estimate, intervalText } from '@peyk/contracts'

export interface Plan {
  /** Recipients that wait to be sent to. */
  readonly pending: number
  readonly intervalMs: number
  readonly minIntervalMs: number
  /** When the first of them can be sent. */
  readonly startsAt: Date
}

/** An interval is drawn anew for each message, up to so much below or above (whatsapp.md, section 6). */
const JITTER = 0.4
const DAY_MS = 86_400_000

/** The mean of an even draw from interval ± jitter, where what falls below the least interval is raised to it. */
export const meanIntervalMs = (intervalMs: number, minIntervalMs: number): number => {
  const low = intervalMs * (1 - JITTER)
  const high = intervalMs * (1 + JITTER)
  if (minIntervalMs <= low) return intervalMs
  if (minIntervalMs >= high) return minIntervalMs
  const raised = (minIntervalMs - low) * minIntervalMs
  const drawn = (high ** 2 - minIntervalMs ** 2) / 2
  return (raised + drawn) / (high - low)
}

export const estimate = ({ pending, intervalMs, minIntervalMs, startsAt }: Plan): Estimate => {
  const meanMs = meanIntervalMs(intervalMs, minIntervalMs)
  // The first message waits for nothing.
  const durationMs = Math.max(0, pending - 1) * meanMs
  return {
    pending,
    interval: intervalText(intervalMs),
    meanIntervalSeconds: meanMs / 1_000,
    messagesPerDay: Math.floor(DAY_MS / meanMs),
    seconds: Math.ceil(durationMs / 1_000),
    startsAt: startsAt.toISOString(),
    endsAt: new Date(startsAt.getTime() + durationMs).toISOString(),
  }
}
