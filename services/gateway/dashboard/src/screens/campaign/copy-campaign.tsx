// A new draft from this campaign, with as many of its recipients as are wanted.
import type { DuplicateRecipients } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { navigate, paths } from '../../router.ts'
import { useTask } from '../../use-task.ts'

const choices: readonly DuplicateRecipients[] = ['none', 'all', 'failed', 'notDelivered', 'notReplied']

export const CopyCampaign = ({ id }: { readonly id: number }) => {
  const { t } = usePreferences()
  const [recipients, setRecipients] = useState<DuplicateRecipients>('none')
  const task = useTask()
  const copy = () =>
    task.run(async () => {
      const { id: made } = await api.duplicate(id, recipients)
      navigate(paths.step(made, 'message'))
    })
  return (
    <section class="card" aria-labelledby="copy-title">
      <h2 id="copy-title">{t('copy.title')}</h2>
      <div class="actions">
        <label>
          <span class="unseen">{t('copy.recipients')}</span>
          <select
            value={recipients}
            onChange={({ currentTarget }) =>
              setRecipients(choices.find((known) => known === currentTarget.value) ?? 'none')
            }
          >
            {choices.map((known) => (
              <option key={known} value={known}>
                {t(`copy.${known}`)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="button" disabled={task.isBusy} onClick={copy}>
          {t('copy.make')}
        </button>
      </div>
      <ProblemNotice problem={task.problem} />
    </section>
  )
}
