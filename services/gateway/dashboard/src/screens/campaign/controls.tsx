// Undo, pause, resume and cancel. What stops messages is asked once more.
import type { CampaignStatus } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { api, type Control } from '../../api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Icon } from '../../parts/icon.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { navigate, paths } from '../../router.ts'
import { useTask } from '../../use-task.ts'

interface ControlsProps {
  readonly id: number
  readonly status: CampaignStatus
  /** Nothing has been sent yet, so the start can still be undone. */
  readonly isUntouched: boolean
  readonly onChange: () => void
}

const canResume: readonly CampaignStatus[] = ['PAUSED', 'FAILED']
const canCancel: readonly CampaignStatus[] = ['SCHEDULED', 'RUNNING', 'PAUSED']

export const Controls = ({ id, status, isUntouched, onChange }: ControlsProps) => {
  const { t } = usePreferences()
  const [asking, setAsking] = useState<'pause' | 'cancel'>()
  const task = useTask()
  const control = (what: Control) =>
    task.run(async () => {
      setAsking(undefined)
      await api.control(id, what)
      if (what === 'undo') navigate(paths.step(id, 'review'), 'replace')
      else onChange()
    })
  return (
    <>
      <div class="actions">
        {status === 'RUNNING' && (
          <button type="button" class="button" disabled={task.isBusy} onClick={() => setAsking('pause')}>
            <Icon name="pause" />
            {t('run.pause')}
          </button>
        )}
        {status === 'RUNNING' && isUntouched && (
          <button type="button" class="button" disabled={task.isBusy} onClick={() => control('undo')}>
            {t('run.undo')}
          </button>
        )}
        {canResume.includes(status) && (
          <button
            type="button"
            class="button primary"
            disabled={task.isBusy}
            onClick={() => control('resume')}
          >
            <Icon name="play" />
            {t('run.resume')}
          </button>
        )}
        {canCancel.includes(status) && (
          <button
            type="button"
            class="button quiet bad-text"
            disabled={task.isBusy}
            onClick={() => setAsking('cancel')}
          >
            <Icon name="stop" />
            {t('run.cancel')}
          </button>
        )}
      </div>
      <ProblemNotice problem={task.problem} />
      {asking !== undefined && (
        <Question about={asking} onYes={() => control(asking)} onClose={() => setAsking(undefined)} />
      )}
    </>
  )
}

interface QuestionProps {
  readonly about: 'pause' | 'cancel'
  readonly onYes: () => void
  readonly onClose: () => void
}

const Question = ({ about, onYes, onClose }: QuestionProps) => {
  const { t } = usePreferences()
  return (
    <Dialog
      title={t(`run.${about}Title`)}
      yes={t(`run.${about}Yes`)}
      no={t(`run.${about}No`)}
      isDangerous={about === 'cancel'}
      onYes={onYes}
      onClose={onClose}
    >
      <p>{t(`run.${about}Text`)}</p>
    </Dialog>
  )
}
