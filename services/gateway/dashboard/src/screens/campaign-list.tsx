// All campaigns, the newest first, with their state and progress.
import type { CampaignReply, CampaignStatus } from '@peyk/contracts'
import { useEffect, useState } from 'preact/hooks'

import { api, type CampaignPage } from '../api.ts'
import { Icon } from '../parts/icon.tsx'
import { Link } from '../parts/link.tsx'
import { Empty, Loading, ProblemNotice } from '../parts/notices.tsx'
import { ProgressBar } from '../parts/progress-bar.tsx'
import { RestoreNotice } from '../parts/restore-notice.tsx'
import { StatePill } from '../parts/state-pill.tsx'
import { usePreferences } from '../preferences.tsx'
import { paths } from '../router.ts'
import { useLoad } from '../use-load.ts'
import { useTitle } from '../use-title.ts'

const statuses: readonly CampaignStatus[] = [
  'DRAFT',
  'READY',
  'SCHEDULED',
  'RUNNING',
  'PAUSED',
  'COMPLETED',
  'CANCELLED',
  'FAILED',
]
/** While one of them runs, the list is read again. */
const REFRESH_MS = 3_000
/** A search begins when the typing rests. */
const TYPING_MS = 300

interface Asked {
  readonly page: number
  readonly status: CampaignStatus | undefined
  readonly title: string
}

interface CampaignListProps {
  /** The newest ones, when they have just been read. */
  readonly first: CampaignPage | undefined
}

export const CampaignList = ({ first }: CampaignListProps) => {
  const { t } = usePreferences()
  useTitle(t('list.title'))
  const [asked, setAsked] = useState<Asked>({ page: 1, status: undefined, title: '' })
  const [loaded, reload] = useLoad(JSON.stringify(asked), (signal) => api.campaigns(asked, signal), '', first)
  const isRunning =
    loaded.state === 'ready' && loaded.value.campaigns.some(({ status }) => status === 'RUNNING')
  useEffect(() => {
    if (!isRunning) return undefined
    const timer = setInterval(reload, REFRESH_MS)
    return () => clearInterval(timer)
  }, [isRunning, reload])
  return (
    <>
      <div class="heading">
        <h1>{t('list.title')}</h1>
        <Link to={paths.new} class="button primary">
          <Icon name="plus" />
          {t('list.new')}
        </Link>
      </div>
      <RestoreNotice />
      <Filter onChange={(title, status) => setAsked({ page: 1, title, status })} />
      {loaded.state === 'loading' && <Loading />}
      {loaded.state === 'failed' && <ProblemNotice problem={loaded.problem} onRetry={reload} />}
      {loaded.state === 'ready' && (
        <Rows
          {...loaded.value}
          isFiltered={asked.title !== '' || asked.status !== undefined}
          onPage={(page) => setAsked({ ...asked, page })}
        />
      )}
    </>
  )
}

interface FilterProps {
  readonly onChange: (title: string, status: CampaignStatus | undefined) => void
}

const Filter = ({ onChange }: FilterProps) => {
  const { t } = usePreferences()
  const [title, setTitle] = useState('')
  const [status, setStatus] = useState<CampaignStatus>()
  useEffect(() => {
    const timer = setTimeout(() => onChange(title.trim(), status), TYPING_MS)
    return () => clearTimeout(timer)
  }, [title, status])
  return (
    <form class="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <label class="search">
        <Icon name="search" />
        <span class="unseen">{t('list.search')}</span>
        <input
          type="search"
          dir={title === '' ? undefined : 'auto'}
          placeholder={t('list.search')}
          value={title}
          onInput={({ currentTarget }) => setTitle(currentTarget.value)}
        />
      </label>
      <label>
        <span class="unseen">{t('list.filter')}</span>
        <select
          value={status ?? ''}
          onChange={({ currentTarget }) => setStatus(statuses.find((known) => known === currentTarget.value))}
        >
          <option value="">{t('list.all')}</option>
          {statuses.map((known) => (
            <option key={known} value={known}>
              {t(`status.${known}`)}
            </option>
          ))}
        </select>
      </label>
    </form>
  )
}

interface RowsProps extends CampaignPage {
  readonly isFiltered: boolean
  readonly onPage: (page: number) => void
}

const Rows = ({ campaigns, pagination, isFiltered, onPage }: RowsProps) => {
  const { t } = usePreferences()
  if (campaigns.length === 0)
    return isFiltered ? (
      <Empty title={t('list.none')} />
    ) : (
      <Empty title={t('list.empty')} hint={t('list.emptyHint')}>
        <Link to={paths.new} class="button primary">
          {t('list.new')}
        </Link>
      </Empty>
    )
  return (
    <>
      <ul class="rows">
        {campaigns.map((campaign) => (
          <Row key={campaign.id} {...campaign} />
        ))}
      </ul>
      {pagination.totalPages > 1 && <Pages {...pagination} onPage={onPage} />}
    </>
  )
}

const Row = ({ id, title, status, progress, createdAt, startedAt }: CampaignReply) => {
  const { t, format } = usePreferences()
  const { total, sent, failed } = progress
  const isDraft = startedAt === null && (status === 'DRAFT' || status === 'READY')
  return (
    <li>
      <Link
        to={isDraft ? paths.step(id, total === 0 ? 'recipients' : 'review') : paths.campaign(id)}
        class="row"
      >
        <span class="row-title">
          <bdi>{title}</bdi>
          <span class="hint">{t('list.created', { at: format.moment(createdAt) })}</span>
        </span>
        <StatePill status={status} />
        <span class="row-progress">
          {total === 0 ? (
            <span class="hint">{t('list.noRecipients')}</span>
          ) : (
            <>
              <ProgressBar total={total} sent={sent} failed={failed} />
              <span class="hint">
                {t('list.count', { sent: format.number(sent), total: format.number(total) })}
              </span>
            </>
          )}
        </span>
        <Icon name="next" />
      </Link>
    </li>
  )
}

interface PagesProps {
  readonly page: number
  readonly totalPages: number
  readonly onPage: (page: number) => void
}

const Pages = ({ page, totalPages, onPage }: PagesProps) => {
  const { t, format } = usePreferences()
  return (
    <nav class="pages" aria-label={t('list.pages')}>
      <button type="button" class="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>
        {t('list.newer')}
      </button>
      <span>{t('list.page', { page: format.number(page), pages: format.number(totalPages) })}</span>
      <button type="button" class="button" disabled={page >= totalPages} onClick={() => onPage(page + 1)}>
        {t('list.older')}
      </button>
    </nav>
  )
}
