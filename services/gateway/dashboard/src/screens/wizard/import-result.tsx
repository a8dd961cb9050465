// What came of a list: how many were taken, and each row that was not with its reason.
import type { ImportReply } from '@peyk/contracts'

import { ApiProblem, saveFile } from '../../api.ts'
import { keyOf } from '../../i18n/translate.ts'
import { Figure } from '../../parts/figure.tsx'
import { Icon } from '../../parts/icon.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useTask } from '../../use-task.ts'

export const ImportResult = ({ reply }: { readonly reply: ImportReply }) => {
  const { t, format } = usePreferences()
  const task = useTask()
  if (reply.problem !== undefined)
    return <ProblemNotice problem={new ApiProblem(reply.problem.code, reply.problem.status)} />
  return (
    <>
      <dl class="figures">
        <Figure label={t('recipients.accepted')} tone="good">
          {format.number(reply.accepted)}
        </Figure>
        <Figure label={t('recipients.rejected')} tone={reply.rejected > 0 ? 'bad' : 'even'}>
          {format.number(reply.rejected)}
        </Figure>
        <Figure label={t('recipients.duplicates')}>{format.number(reply.duplicates)}</Figure>
      </dl>
      {reply.rejected > 0 && (
        <>
          <BadRows errors={reply.errors} />
          <button
            type="button"
            class="button"
            disabled={task.isBusy}
            onClick={() => task.run(() => saveFile(reply.errorsUrl, 'import-errors.csv'))}
          >
            <Icon name="download" />
            {t('recipients.badRows')}
          </button>
          <ProblemNotice problem={task.problem} />
        </>
      )}
    </>
  )
}

const BadRows = ({ errors }: Pick<ImportReply, 'errors'>) => {
  const { t, format } = usePreferences()
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('recipients.badRowsTitle')}>
      <table>
        <caption class="unseen">{t('recipients.badRowsTitle')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('recipients.row')}</th>
            <th scope="col">{t('recipients.reason')}</th>
          </tr>
        </thead>
        <tbody>
          {errors.map(({ row, code }) => (
            <tr key={row}>
              <td>{format.number(row)}</td>
              <td>{t(keyOf('row', code, 'row.invalid_phone'))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
