// A campaign that waits for its time: when it is, how long that is from now, and a way back.
import type { CampaignReply } from '@peyk/contracts'
import { useEffect, useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Figure } from '../../parts/figure.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useTask } from '../../use-task.ts'
import { TimeLine } from './time-line.tsx'

interface ScheduledProps {
  readonly campaign: CampaignReply
  readonly onChange: () => void
}

export const Scheduled = ({ campaign, onChange }: ScheduledProps) => {
  const { t, format } = usePreferences()
  const task = useTask()
  const now = useNow()
  const { id, scheduledAt, timezone, progress } = campaign
  const unschedule = () =>
    task.run(async () => {
      await api.control(id, 'cancel-schedule')
      onChange()
    })
  return (
    <>
      <section class="card" aria-labelledby="scheduled-title">
        <h2 id="scheduled-title">{t('scheduled.title')}</h2>
        {scheduledAt !== null && (
          <>
            <p class="estimate">
              <strong>{format.momentIn(scheduledAt, timezone)}</strong>
              <span class="hint">{format.zone(timezone)}</span>
            </p>
            <dl class="figures">
              <Figure label={t('scheduled.left')}>
                {format.duration(Math.max(0, Date.parse(scheduledAt) - now) / 1_000)}
              </Figure>
              <Figure label={t('report.total')}>{format.number(progress.total)}</Figure>
            </dl>
          </>
        )}
        <p class="hint">{t('scheduled.hint')}</p>
        <div class="actions">
          <button type="button" class="button" disabled={task.isBusy} onClick={unschedule}>
            {t('scheduled.cancel')}
          </button>
        </div>
        <ProblemNotice problem={task.problem} />
      </section>
      <TimeLine id={id} turn="SCHEDULED" />
    </>
  )
}

const useNow = (): number => {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
