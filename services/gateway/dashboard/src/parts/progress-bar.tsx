// How far a campaign is: what was sent, and after it what was not. Both lines lie in one place and are scaled, which
// moves nothing else on the page.
import { usePreferences } from '../preferences.tsx'

interface ProgressBarProps {
  readonly total: number
  readonly sent: number
  readonly failed: number
}

export const ProgressBar = ({ total, sent, failed }: ProgressBarProps) => {
  const { t, format } = usePreferences()
  const share = (count: number) => (total === 0 ? 0 : count / total)
  return (
    <div
      class="bar"
      role="progressbar"
      aria-label={t('run.progress')}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={sent + failed}
      aria-valuetext={format.percent(share(sent + failed))}
    >
      <span class="bar-failed" style={{ transform: `scaleX(${share(sent + failed)})` }} />
      <span class="bar-sent" style={{ transform: `scaleX(${share(sent)})` }} />
    </div>
  )
}
