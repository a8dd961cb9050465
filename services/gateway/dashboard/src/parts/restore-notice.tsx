// Of the campaign that was just deleted: it comes back at one press.
import { api } from '../api.ts'
import { usePreferences } from '../preferences.tsx'
import { deletedIn, navigate, paths } from '../router.ts'
import { useTask } from '../use-task.ts'
import { ProblemNotice } from './notices.tsx'

export const RestoreNotice = () => {
  const { t } = usePreferences()
  const task = useTask()
  const id = deletedIn(location.search)
  if (id === undefined) return null
  const restore = () =>
    task.run(async () => {
      await api.restore(id)
      navigate(paths.campaign(id), 'replace')
    })
  return (
    <>
      <div class="notice" role="status">
        <p>{t('delete.done')}</p>
        <button type="button" class="button quiet" disabled={task.isBusy} onClick={restore}>
          {t('delete.restore')}
        </button>
      </div>
      <ProblemNotice problem={task.problem} />
    </>
  )
}
