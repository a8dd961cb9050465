// When a scheduled start is due, and what becomes of it.
import type { Schedule } from '@peyk/contracts'

const DAY_MS = 86_400_000
export const MAX_SCHEDULE_DAYS = 365

const hasOffset = (text: string): boolean => /(?:Z|[+-]\d{2}:?\d{2})$/u.test(text)

/** The instant of a schedule, by what is known of its time zone today. */
export const dueAtMs = ({ scheduledAt, timezone }: Pick<Schedule, 'scheduledAt' | 'timezone'>): number =>
  hasOffset(scheduledAt)
    ? Date.parse(scheduledAt)
    : instantOfWallTime(Date.parse(`${scheduledAt}Z`), timezone)

/** `wallMs` is the time on the wall as if it were UTC. A doubled hour is the first one, a missing one the next there is. */
const instantOfWallTime = (wallMs: number, timezone: string): number => {
  const offsetAt = offsetsOf(timezone)
  const before = offsetAt(wallMs - DAY_MS)
  const after = offsetAt(wallMs + DAY_MS)
  const instants = [wallMs - before, wallMs - after].filter(
    (instant) => instant + offsetAt(instant) === wallMs,
  )
  return instants.length > 0
    ? Math.min(...instants)
    : changeOfOffset(offsetAt, wallMs - DAY_MS, wallMs + DAY_MS)
}

type OffsetAt = (instantMs: number) => number

/** The first millisecond of the new offset, between two instants of different ones. */
const changeOfOffset = (offsetAt: OffsetAt, fromMs: number, toMs: number): number => {
  const before = offsetAt(fromMs)
  let low = fromMs
  let high = toMs
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle) === before) low = middle
    else high = middle
  }
  return high
}

const offsetsOf = (timezone: string): OffsetAt => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (instantMs) => {
    const parts = new Map(format.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]))
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0
    const wall = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    )
    return wall - Math.floor(instantMs / 1_000) * 1_000
  }
}

/** Why a time cannot be planned for; undefined when it can. */
export const scheduleFault = (schedule: Schedule, nowMs: number): string | undefined => {
  const dueMs = dueAtMs(schedule)
  if (Number.isNaN(dueMs)) return 'there is no such time'
  if (dueMs <= nowMs) return 'must be in the future'
  if (dueMs > nowMs + MAX_SCHEDULE_DAYS * DAY_MS) return `at most ${MAX_SCHEDULE_DAYS} days ahead`
  return undefined
}

export type DueDecision =
  | { readonly outcome: 'wait' }
  | { readonly outcome: 'run' }
  /** Later than the grace allows: the schedule says what becomes of it. */
  | {
      readonly outcome: 'missed'
      readonly dueMs: number
      readonly lateMs: number
      readonly taken: 'run' | 'skip'
    }

export const decideDue = (schedule: Schedule, nowMs: number, graceMs: number): DueDecision => {
  const dueMs = dueAtMs(schedule)
  const lateMs = nowMs - dueMs
  if (lateMs < 0) return { outcome: 'wait' }
  if (lateMs <= graceMs) return { outcome: 'run' }
  return { outcome: 'missed', dueMs, lateMs, taken: takenWhen(schedule, lateMs) }
}

const takenWhen = ({ missedRun, missedRunLimitMs }: Schedule, lateMs: number): 'run' | 'skip' => {
  switch (missedRun) {
    case 'run':
      return 'run'
    case 'runIfLateLessThan':
      return lateMs < missedRunLimitMs ? 'run' : 'skip'
    case 'skip':
      return 'skip'
  }
}
