// The report as a file, and how much of it has come.
import { useState } from 'preact/hooks'

import { saveFile } from '../../api.ts'
import { Icon } from '../../parts/icon.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useTask } from '../../use-task.ts'

const formats = ['xlsx', 'csv', 'json'] as const

export const Downloads = ({ id }: { readonly id: number }) => {
  const { t, format } = usePreferences()
  const [bytes, setBytes] = useState(0)
  const task = useTask()
  const save = (extension: (typeof formats)[number]) =>
    task.run(async () => {
      setBytes(0)
      const path = `/api/campaigns/${id}/report/download?format=${extension}`
      await saveFile(path, `campaign-${id}-report.${extension}`, setBytes)
    })
  return (
    <section class="card" aria-labelledby="downloads-title">
      <h2 id="downloads-title">{t('report.downloads')}</h2>
      <div class="actions">
        {formats.map((extension) => (
          <button
            key={extension}
            type="button"
            class="button"
            disabled={task.isBusy}
            onClick={() => save(extension)}
          >
            <Icon name="download" />
            {t(`report.${extension}`)}
          </button>
        ))}
      </div>
      <p class="hint" role="status">
        {task.isBusy && t('report.fetching', { size: format.size(bytes) })}
        {!task.isBusy &&
          bytes > 0 &&
          task.problem === undefined &&
          t('report.fetched', { size: format.size(bytes) })}
      </p>
      <ProblemNotice problem={task.problem} />
    </section>
  )
}
