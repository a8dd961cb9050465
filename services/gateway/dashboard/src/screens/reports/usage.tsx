// What was sent on each of the last days: a chart for the eye, the same figures as a table for everybody.
import type { UsageReply } from '@peyk/contracts'

import { api } from '../../api.ts'
import { wallTimeIn } from '../../format.ts'
import { Loading, ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useLoad } from '../../use-load.ts'

const DAYS = 30
const DAY_MS = 86_400_000

type Day = UsageReply['days'][number]

/** Reporting counts by the days of Tehran. */
const tehranDay = (atMs: number): string => wallTimeIn('Asia/Tehran', new Date(atMs)).date

/** Noon in UTC is on the same day wherever people send. */
const momentOf = (day: string): string => `${day}T12:00:00Z`

export const Usage = () => {
  const { t } = usePreferences()
  const now = Date.now()
  const days = Array.from({ length: DAYS }, (_, index) => tehranDay(now - (DAYS - 1 - index) * DAY_MS))
  const [from = '', to = ''] = [days[0], days.at(-1)]
  const [loaded, reload] = useLoad(`usage ${to}`, (signal) => api.usage(from, to, signal))
  return (
    <section class="card" aria-labelledby="usage-title">
      <h2 id="usage-title">{t('usage.title')}</h2>
      {loaded.state === 'loading' && <Loading />}
      {loaded.state === 'failed' && <ProblemNotice problem={loaded.problem} onRetry={reload} />}
      {loaded.state === 'ready' &&
        (loaded.value.length === 0 ? (
          <p class="hint">{t('usage.empty')}</p>
        ) : (
          <>
            <Chart days={days} counts={loaded.value} />
            <Table counts={loaded.value} />
          </>
        ))}
    </section>
  )
}

interface ChartProps {
  readonly days: readonly string[]
  /** Days without anything are not there. */
  readonly counts: readonly Day[]
}

const Chart = ({ days, counts }: ChartProps) => {
  const { format } = usePreferences()
  const most = Math.max(1, ...counts.map(({ sent }) => sent))
  const sentOn = (day: string) => counts.find((count) => count.day === day)?.sent ?? 0
  return (
    <div class="columns" aria-hidden="true">
      {days.map((day) => (
        <div key={day} class="column" title={`${format.date(momentOf(day))}: ${format.number(sentOn(day))}`}>
          <span style={{ blockSize: `${(sentOn(day) / most) * 100}%` }} />
        </div>
      ))}
      <span class="columns-from hint">{format.day(momentOf(days[0] ?? ''))}</span>
      <span class="columns-to hint">{format.day(momentOf(days.at(-1) ?? ''))}</span>
    </div>
  )
}

const Table = ({ counts }: Pick<ChartProps, 'counts'>) => {
  const { t, format } = usePreferences()
  return (
    <div class="scroll" tabIndex={0} role="region" aria-labelledby="usage-title">
      <table>
        <caption class="unseen">{t('usage.title')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('usage.day')}</th>
            <th scope="col">{t('run.sent')}</th>
            <th scope="col">{t('run.delivered')}</th>
            <th scope="col">{t('report.read')}</th>
            <th scope="col">{t('run.failed')}</th>
          </tr>
        </thead>
        <tbody>
          {counts.toReversed().map(({ day, sent, delivered, read, failed, skipped, unconfirmed }) => (
            <tr key={day}>
              <th scope="row">
                <time dateTime={day}>{format.day(momentOf(day))}</time>
              </th>
              <td>{format.number(sent)}</td>
              <td>{format.number(delivered)}</td>
              <td>{format.number(read)}</td>
              <td>{format.number(failed + skipped + unconfirmed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
