// A day chosen from a month on the wall. One stop of Tab; the arrows go by days and weeks, along the line of reading.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

import { type Calendar, calendarOf, type Day, quietReasonOf } from '../calendar/calendar.ts'
import { directionOf } from '../i18n/language.ts'
import { usePreferences } from '../preferences.tsx'
import { Icon } from './icon.tsx'

const WEEK = 7

interface MonthGridProps {
  readonly chosen: Day
  /** The first and the last day that may be chosen. */
  readonly from: Day
  readonly to: Day
  readonly onChoose: (day: Day) => void
}

export const MonthGrid = ({ chosen, from, to, onChoose }: MonthGridProps) => {
  const { t, format, language } = usePreferences()
  const calendar = calendarOf(language)
  const [at, setAt] = useState(chosen)
  const grid = useRef<HTMLTableElement>(null)
  const wasMoved = useRef(false)
  useEffect(() => setAt(chosen), [chosen])
  // Before the next key can come: it acts on the day that has the focus.
  useLayoutEffect(() => {
    if (wasMoved.current) grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus()
    wasMoved.current = false
  }, [at])
  const within = (day: Day) => Math.min(to, Math.max(from, day))
  const press = (event: KeyboardEvent) => {
    const day = dayOfKey(event.key, at, calendar, directionOf(language) === 'rtl')
    if (day === undefined) return
    event.preventDefault()
    wasMoved.current = true
    setAt(within(day))
  }
  const { first, length } = calendar.monthOf(at)
  const turn = (months: number, label: string, icon: 'previous' | 'next', isEnd: boolean) => (
    <button
      type="button"
      class="button quiet round"
      aria-label={label}
      disabled={isEnd}
      onClick={() => setAt(within(calendar.addMonths(at, months)))}
    >
      <Icon name={icon} />
    </button>
  )
  return (
    <div class="month">
      <div class="month-head">
        {turn(-1, t('calendar.previous'), 'previous', first <= from)}
        <strong id="month-name" aria-live="polite">
          {format.month(at)}
        </strong>
        {turn(1, t('calendar.following'), 'next', first + length > to)}
      </div>
      <table ref={grid} role="grid" aria-labelledby="month-name" onKeyDown={press}>
        <thead>
          <tr>
            {daysFrom(at - calendar.columnOf(at), WEEK).map((day) => {
              const [short, long] = format.weekdayNames(day)
              return (
                <th key={long} scope="col" abbr={long}>
                  {short}
                </th>
              )
            })}
          </tr>
        </thead>
        <Weeks first={first} length={length} at={at} chosen={chosen} within={within} onChoose={onChoose} />
      </table>
    </div>
  )
}

interface WeeksProps {
  readonly first: Day
  readonly length: number
  readonly at: Day
  readonly chosen: Day
  readonly within: (day: Day) => Day
  readonly onChoose: (day: Day) => void
}

const Weeks = ({ first, length, at, chosen, within, onChoose }: WeeksProps) => {
  const { format, language } = usePreferences()
  return (
    <tbody>
      {weeksOf(calendarOf(language), first, length).map((week) => (
        <tr key={week[0]}>
          {week.map((day) => (
            <td key={day} role="gridcell" aria-selected={day === chosen}>
              {day >= first && day < first + length && (
                <button
                  type="button"
                  class={quietReasonOf(day) === undefined ? 'day' : 'day quiet-day'}
                  tabIndex={day === at ? 0 : -1}
                  aria-label={format.weekday(day)}
                  aria-disabled={day !== within(day)}
                  onClick={() => day === within(day) && onChoose(day)}
                >
                  {format.dayOfMonth(day)}
                </button>
              )}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  )
}

const daysFrom = (first: Day, count: number): readonly Day[] =>
  Array.from({ length: count }, (_, index) => first + index)

const weeksOf = (calendar: Calendar, first: Day, length: number): readonly (readonly Day[])[] => {
  const start = first - calendar.columnOf(first)
  const count = Math.ceil((first + length - start) / WEEK)
  return Array.from({ length: count }, (_, index) => daysFrom(start + index * WEEK, WEEK))
}

/** Where a key leads; undefined for keys that lead nowhere. */
const dayOfKey = (key: string, at: Day, calendar: Calendar, isRightToLeft: boolean): Day | undefined => {
  const forward = isRightToLeft ? -1 : 1
  switch (key) {
    case 'ArrowRight':
      return at + forward
    case 'ArrowLeft':
      return at - forward
    case 'ArrowDown':
      return at + WEEK
    case 'ArrowUp':
      return at - WEEK
    case 'PageDown':
      return calendar.addMonths(at, 1)
    case 'PageUp':
      return calendar.addMonths(at, -1)
    case 'Home':
      return at - calendar.columnOf(at)
    case 'End':
      return at - calendar.columnOf(at) + WEEK - 1
    default:
      return undefined
  }
}
