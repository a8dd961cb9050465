// Who gets the message: a file dropped in, what was taken of it, and what was not.
import type { CampaignReply, ImportReply } from '@peyk/contracts'
import { useEffect, useRef, useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Icon } from '../../parts/icon.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useTask } from '../../use-task.ts'
import { ImportResult } from './import-result.tsx'
import { RecipientPreview } from './recipient-preview.tsx'
import { StepActions } from './step-actions.tsx'

const TEMPLATE = '/api/campaigns/excel-template/download'
const ASK_AGAIN_MS = 700

interface RecipientsStepProps {
  readonly campaign: CampaignReply
  readonly onChange: () => void
}

export const RecipientsStep = ({ campaign, onChange }: RecipientsStepProps) => {
  const { t, format } = usePreferences()
  const { id, progress } = campaign
  const [file, setFile] = useState<string>()
  const [found, setFound] = useState<ImportReply>()
  const task = useTask()
  const gone = useRef(new AbortController())
  useEffect(() => () => gone.current.abort(), [])

  const take = (chosen: File) =>
    task.run(async () => {
      setFile(chosen.name)
      setFound(undefined)
      let reply = await api.importFile(id, chosen)
      while (reply.status === 'running') {
        setFound(reply)
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
        reply = await api.importProgress(id, reply.id, gone.current.signal)
      }
      setFound(reply)
      onChange()
    })
  return (
    <>
      <section class="card">
        <h1>{t('recipients.title')}</h1>
        <DropZone isBusy={task.isBusy} onFile={take} />
        <p class="hint">
          {t('recipients.kinds')} ·{' '}
          <a href={TEMPLATE} download>
            {t('recipients.template')}
          </a>
        </p>
        <div role="status">
          {task.isBusy && (
            <p class="loading">
              <span class="spinner" aria-hidden="true" />
              <span>{t('recipients.uploading', { name: `\u2068${file ?? ''}\u2069` })}</span>
              {found !== undefined && (
                <span>{t('recipients.soFar', { count: format.number(found.total) })}</span>
              )}
            </p>
          )}
          {!task.isBusy && found !== undefined && <ImportResult reply={found} />}
        </div>
        <ProblemNotice problem={task.problem} />
        {progress.total > 0 && !task.isBusy && <CurrentList total={progress.total} />}
      </section>
      {progress.total > 0 && <RecipientPreview id={id} turn={found?.id ?? ''} />}
      <StepActions id={id} back="message" next="number" isDone={progress.total > 0} />
    </>
  )
}

const CurrentList = ({ total }: { readonly total: number }) => {
  const { t, format } = usePreferences()
  return (
    <p class="notice good">
      <Icon name="check" />
      <span>
        {t('recipients.current', { count: format.number(total) })}
        <br />
        <span class="hint">{t('recipients.replace')}</span>
      </span>
    </p>
  )
}

interface DropZoneProps {
  readonly isBusy: boolean
  readonly onFile: (file: File) => void
}

const DropZone = ({ isBusy, onFile }: DropZoneProps) => {
  const { t } = usePreferences()
  const [isOver, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    const file = event.dataTransfer?.files[0]
    if (file !== undefined && !isBusy) onFile(file)
  }
  const over = (event: DragEvent) => {
    event.preventDefault()
    setOver(true)
  }
  return (
    <label
      class={isOver ? 'drop over' : 'drop'}
      onDragOver={over}
      onDragEnter={over}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Icon name="upload" />
      <strong>{t('recipients.drop')}</strong>
      <span class="hint">{t('recipients.choose')}</span>
      <input
        type="file"
        class="unseen"
        accept=".xlsx,.csv,text/csv"
        disabled={isBusy}
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0]
          if (file !== undefined) onFile(file)
          // The same file may be chosen again after it was mended.
          currentTarget.value = ''
        }}
      />
    </label>
  )
}
