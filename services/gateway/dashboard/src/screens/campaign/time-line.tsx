// Who did what, when.
import type { HistoryEntry } from '@peyk/contracts'

import { api } from '../../api.ts'
import { keyOf } from '../../i18n/translate.ts'
import { Loading, ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useLoad } from '../../use-load.ts'

interface TimeLineProps {
  readonly id: number
  readonly turn: string
}

export const TimeLine = ({ id, turn }: TimeLineProps) => {
  const { t } = usePreferences()
  const [loaded, reload] = useLoad(`history ${id}`, (signal) => api.history(id, signal), turn)
  return (
    <section class="card" aria-labelledby="history-title">
      <h2 id="history-title">{t('history.title')}</h2>
      {loaded.state === 'loading' && <Loading />}
      {loaded.state === 'failed' && <ProblemNotice problem={loaded.problem} onRetry={reload} />}
      {loaded.state === 'ready' && (
        <ol class="plain time-line">
          {loaded.value.toReversed().map((entry, index) => (
            <Entry key={loaded.value.length - index} {...entry} />
          ))}
        </ol>
      )}
    </section>
  )
}

const Entry = ({ at, event, userId, reason }: HistoryEntry) => {
  const { t, format } = usePreferences()
  return (
    <li>
      <time class="hint" dateTime={at}>
        {format.moment(at)}
      </time>
      <span>
        {t(keyOf('history', event, 'history.other'))}
        {reason !== null && reason !== 'user' && <> · {t(keyOf('pause', reason, 'pause.other'))}</>}
      </span>
      <span class="hint">
        {userId === null
          ? t('history.system')
          : t('history.user', { id: `\u2068${format.digits(userId)}\u2069` })}
      </span>
    </li>
  )
}
