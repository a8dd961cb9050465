// Who was not sent to, by reason: of the whole run from the report, and each one as it comes from the feed.
import { api } from '../../api.ts'
import type { FeedState } from '../../feed/feed-state.ts'
import { keyOf } from '../../i18n/translate.ts'
import { Phone } from '../../parts/phone.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useLoad } from '../../use-load.ts'
import { Reasons } from './reasons.tsx'

interface ErrorsProps {
  readonly id: number
  /** Those that the feed told of, the newest first. */
  readonly errors: FeedState['errors']
  readonly failed: number
  /** Another one: the reasons may have others beside them. */
  readonly turn: string
}

const NEWEST = 5

export const Errors = ({ id, errors, failed, turn }: ErrorsProps) => {
  const { t, format } = usePreferences()
  const [report] = useLoad(`reasons ${id}`, (signal) => api.report(id, signal), turn)
  if (failed === 0 && errors.length === 0) return <p class="hint centred">{t('run.noErrors')}</p>
  return (
    <section class="card" aria-labelledby="errors-title">
      <h2 id="errors-title">{t('run.errors')}</h2>
      {report.state === 'ready' && <Reasons reasons={report.value.reasons} />}
      <ul class="plain newest">
        {errors.slice(0, NEWEST).map(({ number, reason, at }) => (
          <li key={`${at} ${number}`}>
            <time dateTime={at}>{format.time(at)}</time> <Phone number={number} isMasked />{' '}
            {t(keyOf('reason', reason, 'reason.other'))}
          </li>
        ))}
      </ul>
    </section>
  )
}
