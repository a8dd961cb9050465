// Those who were not sent to, once more: in the same campaign, and asked first.
import type { ReportReply } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Icon } from '../../parts/icon.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useTask } from '../../use-task.ts'

interface RetryProps {
  readonly id: number
  readonly totals: ReportReply['totals']
  readonly onChange: () => void
}

/** Nothing where nobody could be sent to again: who was passed by is not. */
export const Retry = ({ id, totals, onChange }: RetryProps) => {
  const { t, format } = usePreferences()
  const [isAsking, setAsking] = useState(false)
  const task = useTask()
  const failed = totals.failed + totals.pending
  const { unconfirmed } = totals
  if (failed + unconfirmed === 0) return null
  const retry = (includeUnconfirmed: boolean) =>
    task.run(async () => {
      setAsking(false)
      await api.retryFailed(id, includeUnconfirmed)
      onChange()
    })
  return (
    <section class="card" aria-labelledby="retry-title">
      <h2 id="retry-title">{t('retry.title')}</h2>
      <p>
        {failed > 0 && t('retry.failed', { count: format.number(failed) })}{' '}
        {unconfirmed > 0 && t('retry.unconfirmed', { count: format.number(unconfirmed) })}
      </p>
      <div class="actions">
        <button type="button" class="button" disabled={task.isBusy} onClick={() => setAsking(true)}>
          <Icon name="play" />
          {t('retry.make')}
        </button>
      </div>
      <ProblemNotice problem={task.problem} />
      {isAsking && (
        <RetryDialog
          failed={failed}
          unconfirmed={unconfirmed}
          onYes={retry}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  )
}

interface RetryDialogProps {
  readonly failed: number
  readonly unconfirmed: number
  readonly onYes: (includeUnconfirmed: boolean) => void
  readonly onClose: () => void
}

const RetryDialog = ({ failed, unconfirmed, onYes, onClose }: RetryDialogProps) => {
  const { t, format } = usePreferences()
  const [isIncluded, setIncluded] = useState(false)
  const count = failed + (isIncluded ? unconfirmed : 0)
  return (
    <Dialog
      title={t('retry.askTitle')}
      yes={t('retry.yes')}
      no={t('steps.back')}
      isAllowed={count > 0}
      onYes={() => onYes(isIncluded)}
      onClose={onClose}
    >
      <p>{t('review.confirm', { count: format.number(count) })}</p>
      {unconfirmed > 0 && (
        <label class="chip">
          <input
            type="checkbox"
            checked={isIncluded}
            onChange={({ currentTarget }) => setIncluded(currentTarget.checked)}
          />
          <span>{t('retry.include')}</span>
        </label>
      )}
    </Dialog>
  )
}
