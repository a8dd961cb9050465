// How it went, once it has ended: figures, reasons, numbers and files.
import type { ReportReply } from '@peyk/contracts'

import { api, saveFile } from '../../api.ts'
import { Figure } from '../../parts/figure.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Loading, ProblemNotice } from '../../parts/notices.tsx'
import { Phone } from '../../parts/phone.tsx'
import { ProgressBar } from '../../parts/progress-bar.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useLoad } from '../../use-load.ts'
import { useTask } from '../../use-task.ts'
import { Reasons } from './reasons.tsx'

interface ReportProps {
  readonly id: number
  /** Another one: receipts have come in. */
  readonly turn: string
}

export const Report = ({ id, turn }: ReportProps) => {
  const { t } = usePreferences()
  const [loaded, reload] = useLoad(`report ${id}`, (signal) => api.report(id, signal), turn)
  if (loaded.state === 'loading') return <Loading />
  if (loaded.state === 'failed') return <ProblemNotice problem={loaded.problem} onRetry={reload} />
  const { reasons, numbers } = loaded.value
  return (
    <>
      <Totals report={loaded.value} />
      <section class="card" aria-labelledby="reasons-title">
        <h2 id="reasons-title">{t('report.reasons')}</h2>
        {reasons.length === 0 ? <p>{t('report.allSent')}</p> : <Reasons reasons={reasons} />}
      </section>
      {numbers.length > 0 && <Numbers numbers={numbers} />}
      <Downloads id={id} />
    </>
  )
}

const Totals = ({ report }: { readonly report: ReportReply }) => {
  const { t, format } = usePreferences()
  const { campaign, rates, speed } = report
  const { total, sent, failed } = campaign.progress
  const { startedAt, completedAt } = campaign
  return (
    <section class="card" aria-labelledby="report-title">
      <h2 id="report-title">{t('report.title')}</h2>
      <ProgressBar total={total} sent={sent} failed={failed} />
      <dl class="figures">
        <Figure label={t('report.total')}>{format.number(total)}</Figure>
        <Figure label={t('run.sent')} tone="good">
          {format.number(report.report.totalSent)}
        </Figure>
        <Figure label={t('run.failed')} tone={failed > 0 ? 'bad' : 'even'}>
          {format.number(report.report.totalFailed)}
        </Figure>
      </dl>
      <h3>{t('report.rates')}</h3>
      <dl class="figures">
        <Figure label={t('report.deliveredRate')}>{format.percent(rates.delivered)}</Figure>
        <Figure label={t('report.readRate')}>{format.percent(rates.read)}</Figure>
        <Figure label={t('report.repliedRate')}>{format.percent(rates.replied)}</Figure>
      </dl>
      <p class="hint">
        {startedAt !== null &&
          completedAt !== null &&
          t('report.from', { from: format.moment(startedAt), to: format.moment(completedAt) })}
        {speed.perHour !== null &&
          ` · ${t('report.perHour', { count: format.number(Math.round(speed.perHour)) })}`}
        <br />
        {t('report.later')}
      </p>
    </section>
  )
}

const Numbers = ({ numbers }: Pick<ReportReply, 'numbers'>) => {
  const { t, format } = usePreferences()
  return (
    <section class="card" aria-labelledby="numbers-title">
      <h2 id="numbers-title">{t('report.numbers')}</h2>
      <ul class="plain">
        {numbers.map(({ sessionId, number, sent }) => (
          <li key={sessionId}>
            <Phone number={number ?? sessionId} /> · {format.number(sent)}
          </li>
        ))}
      </ul>
    </section>
  )
}

const formats = ['xlsx', 'csv', 'json'] as const

const Downloads = ({ id }: { readonly id: number }) => {
  const { t } = usePreferences()
  const task = useTask()
  const save = (format: (typeof formats)[number]) =>
    task.run(() =>
      saveFile(`/api/campaigns/${id}/report/download?format=${format}`, `campaign-${id}-report.${format}`),
    )
  return (
    <section class="card" aria-labelledby="downloads-title">
      <h2 id="downloads-title">{t('report.downloads')}</h2>
      <div class="actions">
        {formats.map((format) => (
          <button
            key={format}
            type="button"
            class="button"
            disabled={task.isBusy}
            onClick={() => save(format)}
          >
            <Icon name="download" />
            {t(`report.${format}`)}
          </button>
        ))}
      </div>
      <ProblemNotice problem={task.problem} />
    </section>
  )
}
