// One campaign: live while it runs, its report once it has ended.
import type { CampaignReply, CampaignStatus } from '@peyk/contracts'
import { useEffect } from 'preact/hooks'

import { api, type ApiProblem } from '../api.ts'
import type { FeedState } from '../feed/feed-state.ts'
import { useFeed } from '../feed/use-feed.ts'
import { Loading, ProblemNotice } from '../parts/notices.tsx'
import { Link } from '../parts/link.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { usePreferences } from '../preferences.tsx'
import { navigate, paths } from '../router.ts'
import { useLoad } from '../use-load.ts'
import { useNoticeOfEnd } from '../use-notice-of-end.ts'
import { useTitle } from '../use-title.ts'
import { DeleteCampaign } from './campaign/delete-campaign.tsx'
import { Report } from './campaign/report.tsx'
import { Running } from './campaign/running.tsx'
import { Scheduled } from './campaign/scheduled.tsx'

const ended: readonly CampaignStatus[] = ['COMPLETED', 'CANCELLED']

export const CampaignScreen = ({ id }: { readonly id: number }) => {
  const feed = useFeed(id)
  const [loaded, reload] = useLoad(`campaign ${id}`, (signal) => api.campaign(id, signal))
  if (loaded.state === 'failed') return <Refused problem={loaded.problem} onRetry={reload} />
  if (loaded.state === 'loading') return <Loading />
  return <Known campaign={loaded.value} feed={feed} onChange={reload} />
}

interface RefusedProps {
  readonly problem: ApiProblem
  readonly onRetry: () => void
}

/** What is not there is not asked for again. */
const Refused = ({ problem, onRetry }: RefusedProps) => {
  const { t } = usePreferences()
  if (problem.status !== 404) return <ProblemNotice problem={problem} onRetry={onRetry} />
  return (
    <>
      <ProblemNotice problem={problem} />
      <div class="actions">
        <Link to={paths.list} class="button">
          {t('app.toList')}
        </Link>
      </div>
    </>
  )
}

interface KnownProps {
  readonly campaign: CampaignReply
  readonly feed: FeedState
  readonly onChange: () => void
}

const Known = ({ campaign, feed, onChange }: KnownProps) => {
  const { t } = usePreferences()
  const { id, title } = campaign
  const status = feed.status ?? campaign.status
  useTitle(title)
  useNoticeOfEnd(status, title, t(`status.${status}`))
  const isDraft = status === 'DRAFT' || status === 'READY'
  useEffect(() => {
    if (isDraft) navigate(paths.step(id, 'review'), 'replace')
  }, [isDraft, id])
  if (isDraft) return <Loading />
  return (
    <>
      <div class="heading">
        <h1>
          <bdi>{title}</bdi> <StatePill status={status} />
        </h1>
        <Link to={paths.list} class="button quiet">
          {t('app.toList')}
        </Link>
      </div>
      {ended.includes(status) ? (
        <Report
          id={id}
          onChange={onChange}
          turn={`${status} ${feed.progress?.delivered ?? ''} ${feed.completion?.totalSent ?? ''}`}
        />
      ) : status === 'SCHEDULED' ? (
        <Scheduled campaign={campaign} onChange={onChange} />
      ) : (
        <Running campaign={campaign} feed={feed} status={status} onChange={onChange} />
      )}
      {status !== 'RUNNING' && <DeleteCampaign id={id} />}
    </>
  )
}
