// How it went, once it has ended: figures, reasons, numbers and files.
import type { ReportReply } from '@peyk/contracts'

import { api } from '../../api.ts'
import { Bars } from '../../parts/bars.tsx'
import { Figure } from '../../parts/figure.tsx'
import { Loading, ProblemNotice } from '../../parts/notices.tsx'
import { Phone } from '../../parts/phone.tsx'
import { ProgressBar } from '../../parts/progress-bar.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useLoad } from '../../use-load.ts'
import { CopyCampaign } from './copy-campaign.tsx'
import { Downloads } from './downloads.tsx'
import { Reasons } from './reasons.tsx'
import { Recipients } from './recipients/recipients.tsx'
import { Retry } from './retry.tsx'
import { ShareLinks } from './share-links.tsx'
import { TimeLine } from './time-line.tsx'

interface ReportProps {
  readonly id: number
  /** Another one: receipts have come in. */
  readonly turn: string
  readonly onChange: () => void
}

export const Report = ({ id, turn, onChange }: ReportProps) => {
  const { t } = usePreferences()
  const [loaded, reload] = useLoad(`report ${id}`, (signal) => api.report(id, signal), turn)
  if (loaded.state === 'loading') return <Loading />
  if (loaded.state === 'failed') return <ProblemNotice problem={loaded.problem} onRetry={reload} />
  const { reasons, numbers, totals, campaign } = loaded.value
  return (
    <>
      <Totals report={loaded.value} />
      <section class="card" aria-labelledby="reasons-title">
        <h2 id="reasons-title">{t('report.reasons')}</h2>
        {reasons.length === 0 ? <p>{t('report.allSent')}</p> : <Reasons reasons={reasons} />}
      </section>
      {campaign.status === 'COMPLETED' && <Retry id={id} totals={totals} onChange={onChange} />}
      {numbers.length > 0 && <Numbers numbers={numbers} />}
      <Recipients id={id} turn={turn} />
      <Downloads id={id} />
      <ShareLinks id={id} />
      <CopyCampaign id={id} />
      <TimeLine id={id} turn={turn} />
    </>
  )
}

const Totals = ({ report }: { readonly report: ReportReply }) => {
  const { t, format } = usePreferences()
  const { campaign, totals, speed } = report
  const { total, sent, failed } = campaign.progress
  // Each step holds those who went further.
  const read = totals.read + totals.replied
  const steps = [
    { key: 'sent', label: t('run.sent'), count: sent },
    { key: 'delivered', label: t('run.delivered'), count: totals.delivered + read },
    { key: 'read', label: t('report.read'), count: read },
    { key: 'replied', label: t('report.replied'), count: totals.replied },
  ]
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
      <Bars bars={steps} whole={sent} isShareShown />
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
