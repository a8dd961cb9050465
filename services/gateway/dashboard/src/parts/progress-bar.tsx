// How far a campaign is: what was sent, and after it what was not.
import { usePreferences } from '../preferences.tsx'

interface ProgressBarProps {
  readonly total: number
  readonly sent: number
  readonly failed: number
  readonly isMoving?: boolean
}

export const ProgressBar = ({ total, sent, failed, isMoving = false }: ProgressBarProps) => {
  const { t, format } = usePreferences()
  const share = (count: number) => (total === 0 ? 0 : count / total)
  return (
    <div
      class={isMoving ? 'bar moving' : 'bar'}
      role="progressbar"
      aria-label={t('run.progress')}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={sent + failed}
      aria-valuetext={format.percent(share(sent + failed))}
    >
      <span class="bar-sent" style={{ inlineSize: `${share(sent) * 100}%` }} />
      <span class="bar-failed" style={{ inlineSize: `${share(failed) * 100}%` }} />
    </div>
  )
}
