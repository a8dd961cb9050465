// A new campaign in four steps. Each step saves what it holds, so any of them can be left and found again.
import { useEffect } from 'preact/hooks'

import { api, type Campaign } from '../../api.ts'
import { Link } from '../../parts/link.tsx'
import { Loading, ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { navigate, paths, type Step, steps } from '../../router.ts'
import { useLoad } from '../../use-load.ts'
import { useTitle } from '../../use-title.ts'
import { DeleteCampaign } from '../campaign/delete-campaign.tsx'
import { MessageStep } from './message-step.tsx'
import { NumberStep } from './number-step.tsx'
import { RecipientsStep } from './recipients-step.tsx'
import { ReviewStep } from './review-step.tsx'

interface WizardProps {
  readonly id: number | undefined
  readonly step: Step
}

export const Wizard = ({ id, step }: WizardProps) => {
  const { t } = usePreferences()
  useTitle(t(`steps.${step}`))
  const [loaded, reload] = useLoad(`campaign ${id ?? 'new'} ${step}`, (signal) =>
    id === undefined ? Promise.resolve(undefined) : api.campaign(id, signal),
  )
  const status = loaded.state === 'ready' ? loaded.value?.status : undefined
  const isBegun = status !== undefined && status !== 'DRAFT' && status !== 'READY'
  useEffect(() => {
    if (isBegun && id !== undefined) navigate(paths.campaign(id), 'replace')
  }, [isBegun, id])
  return (
    <>
      <Stepper id={id} step={step} />
      {loaded.state === 'failed' && <ProblemNotice problem={loaded.problem} onRetry={reload} />}
      {loaded.state === 'loading' && <Loading />}
      {loaded.state === 'ready' && !isBegun && (
        <>
          <StepScreen step={step} campaign={loaded.value} onChange={reload} />
          {id !== undefined && <DeleteCampaign id={id} />}
        </>
      )}
    </>
  )
}

interface StepScreenProps {
  readonly step: Step
  readonly campaign: Campaign | undefined
  readonly onChange: () => void
}

const StepScreen = ({ step, campaign, onChange }: StepScreenProps) => {
  if (campaign === undefined || step === 'message') return <MessageStep campaign={campaign} />
  switch (step) {
    case 'recipients':
      return <RecipientsStep campaign={campaign} onChange={onChange} />
    case 'number':
      return <NumberStep campaign={campaign} />
    case 'review':
      return <ReviewStep campaign={campaign} onChange={onChange} />
  }
}

const Stepper = ({ id, step }: WizardProps) => {
  const { t, format } = usePreferences()
  const at = steps.indexOf(step)
  return (
    <nav aria-label={t('steps.label')}>
      <ol class="stepper">
        {steps.map((known, index) => {
          const name = (
            <>
              <span class="step-number">{format.number(index + 1)}</span>
              {t(`steps.${known}`)}
            </>
          )
          return (
            <li
              key={known}
              class={index < at ? 'past' : ''}
              aria-current={known === step ? 'step' : undefined}
            >
              {id === undefined || known === step ? (
                <span>{name}</span>
              ) : (
                <Link to={paths.step(id, known)}>{name}</Link>
              )}
            </li>
          )
        })}
      </ol>
    </nav>
  )
}
