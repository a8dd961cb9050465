// Counts as bars that lie one under the other, each with its name and number: read as a list, seen as a chart.
import { usePreferences } from '../preferences.tsx'

export interface Bar {
  readonly key: string
  readonly label: string
  readonly count: number
  readonly tone?: 'good' | 'bad'
}

interface BarsProps {
  readonly bars: readonly Bar[]
  /** The count of a whole bar; the largest one when absent. */
  readonly whole?: number
  readonly isShareShown?: boolean
}

export const Bars = ({ bars, whole, isShareShown = false }: BarsProps) => {
  const { format } = usePreferences()
  const full = whole ?? Math.max(1, ...bars.map(({ count }) => count))
  const share = (count: number) => (full === 0 ? 0 : count / full)
  return (
    <ul class="plain bars">
      {bars.map(({ key, label, count, tone = 'good' }) => (
        <li key={key} class="bars-row">
          <span>{label}</span>
          <span class="bars-line" aria-hidden="true">
            <span class={`bars-filled ${tone}`} style={{ inlineSize: `${share(count) * 100}%` }} />
          </span>
          <span class="bars-count">
            <strong>{format.number(count)}</strong>
            {isShareShown && <span class="hint"> {format.percent(share(count))}</span>}
          </span>
        </li>
      ))}
    </ul>
  )
}
