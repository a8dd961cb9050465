// When it starts: with the button, or by itself at a time on the wall of a time zone.
import type { CampaignReply } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { busyDayFrom, type Day, dayOf, isoOf, quietReasonOf } from '../../calendar/calendar.ts'
import { ownTimeZone, wallTimeIn } from '../../format.ts'
import { MonthGrid } from '../../parts/month-grid.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useSaved } from '../../use-saved.ts'

/** As far ahead as the server plans. */
const MAX_DAYS = 364
const USUAL_HOUR = 10
const STEP_MINUTES = 5
const TEHRAN = 'Asia/Tehran'
const zones = [
  TEHRAN,
  'Europe/Berlin',
  'Europe/London',
  'Europe/Istanbul',
  'Asia/Dubai',
  'America/Toronto',
  'America/Los_Angeles',
]

interface Plan {
  readonly day: Day
  readonly hour: number
  readonly minute: number
  readonly zone: string
}

interface ScheduleProps {
  readonly campaign: CampaignReply
  readonly onChange: () => void
}

export const Schedule = ({ campaign, onChange }: ScheduleProps) => {
  const { t } = usePreferences()
  const { id, interval } = campaign
  const [plan, setPlan] = useState(() => planOf(campaign))
  const saved = useSaved<Plan | undefined>(async (value) => {
    await api.schedule(
      id,
      interval,
      value === undefined ? undefined : { ...wallOf(value), timezone: value.zone },
    )
    onChange()
  })
  const choose = (value: Plan | undefined) => {
    setPlan(value)
    saved.put(value)
  }
  const isRefused = saved.problem?.errors.some(({ path }) => path === 'scheduledAt') === true
  return (
    <fieldset class="pace">
      <legend>{t('schedule.title')}</legend>
      <div class="chips">
        <label class="chip">
          <input type="radio" name="when" checked={plan === undefined} onChange={() => choose(undefined)} />
          {t('schedule.now')}
        </label>
        <label class="chip">
          <input type="radio" name="when" checked={plan !== undefined} onChange={() => choose(suggested())} />
          {t('schedule.later')}
        </label>
      </div>
      {plan !== undefined && <PlanFields plan={plan} onChange={choose} />}
      {isRefused ? (
        <p class="bad-text" role="alert">
          {t('schedule.refused')}
        </p>
      ) : (
        <ProblemNotice problem={saved.problem} />
      )}
    </fieldset>
  )
}

interface PlanFieldsProps {
  readonly plan: Plan
  readonly onChange: (plan: Plan) => void
}

const PlanFields = ({ plan, onChange }: PlanFieldsProps) => {
  const { t, format } = usePreferences()
  const today = dayOf(wallTimeIn(plan.zone, new Date()).date)
  const quiet = quietReasonOf(plan.day)
  const busy = busyDayFrom(plan.day)
  return (
    <div class="plan">
      <MonthGrid
        chosen={plan.day}
        from={today}
        to={today + MAX_DAYS}
        onChoose={(day) => onChange({ ...plan, day })}
      />
      <div class="plan-time">
        <Clock plan={plan} onChange={onChange} />
        <ZoneField zone={plan.zone} onChange={(zone) => onChange({ ...plan, zone })} />
        <p>
          <strong>
            {t('schedule.chosen', {
              day: format.weekday(plan.day),
              time: format.clock(plan.hour, plan.minute),
            })}
          </strong>
        </p>
        {quiet !== undefined && (
          <p class="notice warn" role="status">
            <span>{t(`schedule.${quiet}`)}</span>
            <button type="button" class="button quiet" onClick={() => onChange({ ...plan, day: busy })}>
              {t('schedule.instead', { day: format.weekday(busy) })}
            </button>
          </p>
        )}
      </div>
    </div>
  )
}

const Clock = ({ plan, onChange }: PlanFieldsProps) => {
  const { t, format } = usePreferences()
  const numbers = (count: number, step: number, present: number) =>
    [...new Set([...Array.from({ length: count / step }, (_, index) => index * step), present])].sort(
      (a, b) => a - b,
    )
  const field = (label: string, values: readonly number[], value: number, take: (value: number) => Plan) => (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(take(Number(currentTarget.value)))}>
        {values.map((known) => (
          <option key={known} value={known}>
            {format.digits(String(known).padStart(2, '0'))}
          </option>
        ))}
      </select>
    </label>
  )
  return (
    <div class="clock">
      {field(t('schedule.hour'), numbers(24, 1, plan.hour), plan.hour, (hour) => ({ ...plan, hour }))}
      {field(t('schedule.minute'), numbers(60, STEP_MINUTES, plan.minute), plan.minute, (minute) => ({
        ...plan,
        minute,
      }))}
    </div>
  )
}

interface ZoneFieldProps {
  readonly zone: string
  readonly onChange: (zone: string) => void
}

const ZoneField = ({ zone, onChange }: ZoneFieldProps) => {
  const { t, format } = usePreferences()
  return (
    <label class="field">
      <span>{t('schedule.zone')}</span>
      <select value={zone} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {[...new Set([zone, ownTimeZone(), ...zones])].map((known) => (
          <option key={known} value={known}>
            {format.zone(known)}
          </option>
        ))}
      </select>
    </label>
  )
}

const planOf = ({ scheduledAt, timezone }: CampaignReply): Plan | undefined => {
  if (scheduledAt === null) return undefined
  const { date, hour, minute } = wallTimeIn(timezone, scheduledAt)
  return { day: dayOf(date), hour, minute, zone: timezone }
}

/** Tomorrow in the morning, or the first day after it that is not quiet. */
const suggested = (): Plan => {
  const tomorrow = dayOf(wallTimeIn(TEHRAN, new Date()).date) + 1
  return { day: busyDayFrom(tomorrow), hour: USUAL_HOUR, minute: 0, zone: TEHRAN }
}

const wallOf = ({ day, hour, minute }: Plan): { readonly scheduledAt: string } => {
  const two = (value: number) => String(value).padStart(2, '0')
  return { scheduledAt: `${isoOf(day)}T${two(hour)}:${two(minute)}` }
}
