// Campaigns side by side: what was sent of each, and what came back.
import type { CampaignReply, ReportReply } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Link } from '../../parts/link.tsx'
import { Loading, ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { paths } from '../../router.ts'
import { useLoad } from '../../use-load.ts'

const CHOICES = 30
const MOST_AT_ONCE = 4

const begun = async (signal: AbortSignal): Promise<readonly CampaignReply[]> => {
  const { campaigns } = await api.campaigns({ page: 1, limit: CHOICES }, signal)
  return campaigns.filter(({ startedAt }) => startedAt !== null)
}

export const Comparison = () => {
  const { t, format } = usePreferences()
  const [loaded, reload] = useLoad('begun', begun)
  const [chosen, setChosen] = useState<readonly number[]>([])
  const toggle = (id: number) =>
    setChosen(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id])
  return (
    <section class="card" aria-labelledby="compare-title">
      <h2 id="compare-title">{t('compare.title')}</h2>
      {loaded.state === 'loading' && <Loading />}
      {loaded.state === 'failed' && <ProblemNotice problem={loaded.problem} onRetry={reload} />}
      {loaded.state === 'ready' &&
        (loaded.value.length === 0 ? (
          <p class="hint">{t('compare.empty')}</p>
        ) : (
          <>
            <fieldset class="choices">
              <legend class="hint">{t('compare.hint', { count: format.number(MOST_AT_ONCE) })}</legend>
              {loaded.value.map(({ id, title }) => (
                <label key={id} class="chip">
                  <input
                    type="checkbox"
                    checked={chosen.includes(id)}
                    disabled={!chosen.includes(id) && chosen.length === MOST_AT_ONCE}
                    onChange={() => toggle(id)}
                  />
                  <bdi>{title}</bdi>
                </label>
              ))}
            </fieldset>
            {chosen.length > 0 && <SideBySide ids={chosen} />}
          </>
        ))}
    </section>
  )
}

const SideBySide = ({ ids }: { readonly ids: readonly number[] }) => {
  const [loaded, reload] = useLoad(`compare ${ids.join(' ')}`, (signal) =>
    Promise.all(ids.map((id) => api.report(id, signal))),
  )
  if (loaded.state === 'loading') return <Loading />
  if (loaded.state === 'failed') return <ProblemNotice problem={loaded.problem} onRetry={reload} />
  return <Table reports={loaded.value} />
}

const Table = ({ reports }: { readonly reports: readonly ReportReply[] }) => {
  const { t, format } = usePreferences()
  const row = (label: string, cell: (report: ReportReply) => string) => (
    <tr>
      <th scope="row">{label}</th>
      {reports.map((report) => (
        <td key={report.campaign.id}>{cell(report)}</td>
      ))}
    </tr>
  )
  const unknown = t('run.unknown')
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-labelledby="compare-title">
      <table>
        <caption class="unseen">{t('compare.title')}</caption>
        <thead>
          <tr>
            <td />
            {reports.map(({ campaign }) => (
              <th key={campaign.id} scope="col">
                <Link to={paths.campaign(campaign.id)}>
                  <bdi>{campaign.title}</bdi>
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {row(t('compare.started'), ({ campaign }) =>
            campaign.startedAt === null ? unknown : format.moment(campaign.startedAt),
          )}
          {row(t('report.total'), ({ campaign }) => format.number(campaign.progress.total))}
          {row(t('run.sent'), ({ report }) => format.number(report.totalSent))}
          {row(t('run.failed'), ({ report }) => format.number(report.totalFailed))}
          {row(t('run.delivered'), ({ rates }) => format.percent(rates.delivered))}
          {row(t('report.read'), ({ rates }) => format.percent(rates.read))}
          {row(t('report.replied'), ({ rates }) => format.percent(rates.replied))}
          {row(t('compare.speed'), ({ speed }) =>
            speed.perHour === null ? unknown : format.number(Math.round(speed.perHour)),
          )}
        </tbody>
      </table>
    </div>
  )
}
