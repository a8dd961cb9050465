// When a campaign starts by itself, and what becomes of a start that the system slept through.
import { z } from 'zod'

export const DEFAULT_TIMEZONE = 'Asia/Tehran'

const isTimezone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** The name of a time zone of the IANA database, like Asia/Tehran. */
export const timezoneSchema = z
  .string()
  .max(64)
  .regex(/^[A-Za-z]/, 'a time zone has a name, like Asia/Tehran')
  .refine(isTimezone, { message: 'this time zone is not known' })

export const missedRunSchema = z.enum(['run', 'runIfLateLessThan', 'skip'])
export type MissedRun = z.infer<typeof missedRunSchema>

/** Without an offset `scheduledAt` is the time on the wall in `timezone`, whatever its offset will be by then. */
export const scheduleSchema = z.object({
  scheduledAt: z.string(),
  timezone: z.string(),
  missedRun: missedRunSchema,
  /** What `runIfLateLessThan` allows. */
  missedRunLimitMs: z.int().positive(),
})
export type Schedule = z.infer<typeof scheduleSchema>
