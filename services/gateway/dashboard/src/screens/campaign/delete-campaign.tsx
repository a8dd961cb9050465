// A campaign is taken out of the list, and can be brought back from there.
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { navigate, paths } from '../../router.ts'
import { useTask } from '../../use-task.ts'

export const DeleteCampaign = ({ id }: { readonly id: number }) => {
  const { t } = usePreferences()
  const [isAsking, setAsking] = useState(false)
  const task = useTask()
  const remove = () =>
    task.run(async () => {
      setAsking(false)
      await api.remove(id)
      navigate(paths.deleted(id))
    })
  return (
    <>
      <div class="actions">
        <button
          type="button"
          class="button quiet bad-text"
          disabled={task.isBusy}
          onClick={() => setAsking(true)}
        >
          {t('delete.make')}
        </button>
      </div>
      <ProblemNotice problem={task.problem} />
      {isAsking && (
        <Dialog
          title={t('delete.title')}
          yes={t('delete.yes')}
          no={t('delete.no')}
          isDangerous
          onYes={remove}
          onClose={() => setAsking(false)}
        >
          <p>{t('delete.text')}</p>
        </Dialog>
      )}
    </>
  )
}
