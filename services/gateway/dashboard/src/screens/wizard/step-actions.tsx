// The way back and the way on, at the foot of each step.
import type { Step } from '../../router.ts'
import { paths } from '../../router.ts'
import { Link } from '../../parts/link.tsx'
import { usePreferences } from '../../preferences.tsx'

interface StepActionsProps {
  readonly id: number
  readonly back: Step
  /** Absent: the step has its own way on. */
  readonly next?: Step
  readonly isDone?: boolean
}

export const StepActions = ({ id, back, next, isDone = false }: StepActionsProps) => {
  const { t } = usePreferences()
  return (
    <div class="actions">
      {next !== undefined && (
        <Link to={paths.step(id, next)} class={isDone ? 'button primary' : 'button'}>
          {t('steps.next')}
        </Link>
      )}
      <Link to={paths.step(id, back)} class="button quiet">
        {t('steps.back')}
      </Link>
    </div>
  )
}
