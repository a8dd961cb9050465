// All of it once more, how long it will take, and the start.
import type { CampaignReply } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Link } from '../../parts/link.tsx'
import { MessageBubble } from '../../parts/message-bubble.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { navigate, paths } from '../../router.ts'
import { useLoad } from '../../use-load.ts'
import { useTask } from '../../use-task.ts'
import { Pace } from './pace.tsx'
import { Schedule } from './schedule.tsx'
import { StartDialog } from './start-dialog.tsx'
import { StepActions } from './step-actions.tsx'
import { TestSend } from './test-send.tsx'

interface ReviewStepProps {
  readonly campaign: CampaignReply
  readonly onChange: () => void
}

export const ReviewStep = ({ campaign, onChange }: ReviewStepProps) => {
  const { t } = usePreferences()
  const { id, progress } = campaign
  const [connection] = useLoad(`connection ${id}`, (signal) => api.connection(id, signal))
  const [isAsking, setAsking] = useState(false)
  const task = useTask()
  const isConnected = connection.state === 'ready' && connection.value.isConnected
  const isPlanned = campaign.scheduledAt !== null
  const start = () =>
    task.run(async () => {
      setAsking(false)
      await api.control(id, 'start')
      navigate(paths.campaign(id))
    })
  return (
    <>
      <section class="card">
        <h1>{t('review.title')}</h1>
        <Summary campaign={campaign} isConnected={isConnected || connection.state === 'loading'} />
        <Pace campaign={campaign} onChange={onChange} />
        <Schedule campaign={campaign} onChange={onChange} />
        <ProblemNotice problem={task.problem} />
        <div class="actions">
          <button
            type="button"
            class="button primary large"
            disabled={!isConnected || progress.total === 0 || task.isBusy}
            onClick={() => setAsking(true)}
          >
            {t(isPlanned ? 'schedule.start' : 'review.start')}
          </button>
        </div>
      </section>
      <TestSend id={id} isConnected={isConnected} />
      <StepActions id={id} back="number" />
      {isAsking && <StartDialog campaign={campaign} onStart={start} onClose={() => setAsking(false)} />}
    </>
  )
}

interface SummaryProps {
  readonly campaign: CampaignReply
  readonly isConnected: boolean
}

const Summary = ({ campaign: { id, title, message, progress }, isConnected }: SummaryProps) => {
  const { t, format } = usePreferences()
  const [previews] = useLoad(`previews ${id}`, (signal) => api.previews(id, signal))
  const first = previews.state === 'ready' ? previews.value[0] : undefined
  return (
    <dl class="summary">
      <dt>{t('message.name')}</dt>
      <dd>
        <bdi>{title}</bdi>
      </dd>
      <dt>{t('review.recipients')}</dt>
      <dd>
        {progress.total > 0 ? (
          format.number(progress.total)
        ) : (
          <Missing text={t('review.missingRecipients')} to={paths.step(id, 'recipients')} />
        )}
      </dd>
      <dt>{t('review.number')}</dt>
      <dd>
        {isConnected ? (
          t('session.connected')
        ) : (
          <Missing text={t('review.missingNumber')} to={paths.step(id, 'number')} />
        )}
      </dd>
      <dt>{t('review.message')}</dt>
      <dd>
        <MessageBubble
          to={first?.name ?? format.digits(first?.phone ?? t('message.sample'))}
          text={first?.text ?? message}
        />
      </dd>
    </dl>
  )
}

const Missing = ({ text, to }: { readonly text: string; readonly to: string }) => {
  const { t } = usePreferences()
  return (
    <span class="bad-text">
      {text} <Link to={to}>{t('review.fix')}</Link>
    </span>
  )
}
