// How much a number may send (SPEC P4 to P6).
export interface Limits {
  readonly perMinute: number
  readonly perHour: number
  readonly perDay: number
  readonly newContactsPerDay: number
}

export const presets = {
  conservative: { perMinute: 5, perHour: 100, perDay: 800, newContactsPerDay: 400 },
  moderate: { perMinute: 10, perHour: 300, perDay: 1_500, newContactsPerDay: 750 },
  aggressive: { perMinute: 20, perHour: 800, perDay: 4_000, newContactsPerDay: 2_000 },
} as const satisfies Record<string, Limits>

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const WARM_UP_DAYS = 7
const FIRST_DAY_NEW_CONTACTS = 20
const DAILY_GROWTH = 1.8

/** The new contacts that a number may write to in 24 hours, so long after it was linked. */
export const newContactCap = (limits: Limits, ageMs: number): number => {
  const day = Math.floor(Math.max(0, ageMs) / DAY_MS)
  if (day >= WARM_UP_DAYS) return limits.newContactsPerDay
  return Math.min(limits.newContactsPerDay, Math.floor(FIRST_DAY_NEW_CONTACTS * DAILY_GROWTH ** day))
}
