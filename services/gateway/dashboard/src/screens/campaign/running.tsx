// A campaign under way: figures as the feed tells them, and never an old one as if it were of now.
import type { CampaignReply, CampaignStatus } from '@peyk/contracts'
import { useMemo } from 'preact/hooks'

import { type FeedState, speedOf } from '../../feed/feed-state.ts'
import { keyOf } from '../../i18n/translate.ts'
import { Figure } from '../../parts/figure.tsx'
import { Phone } from '../../parts/phone.tsx'
import { ProgressBar } from '../../parts/progress-bar.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useNoticePermission } from '../../use-notice-of-end.ts'
import { useSlow } from '../../use-slow.ts'
import { Controls } from './controls.tsx'
import { Errors } from './errors.tsx'
import { LiveMark } from './live-mark.tsx'
import { Recipients } from './recipients/recipients.tsx'
import { TimeLine } from './time-line.tsx'

const REFRESH_MS = 3_000

interface RunningProps {
  readonly campaign: CampaignReply
  readonly feed: FeedState
  readonly status: CampaignStatus
  readonly onChange: () => void
}

export const Running = ({ campaign, feed, status, onChange }: RunningProps) => {
  const { t, format } = usePreferences()
  const progress = feed.progress ?? campaign.progress
  const { total, sent, failed, delivered } = progress
  const done = total === 0 ? 0 : (sent + failed) / total
  const notices = useNoticePermission()
  // Asked of the server again when figures move, but not for each message.
  const turn = useSlow(`${sent} ${failed} ${delivered}`, REFRESH_MS)
  const { id } = campaign
  const { errors } = feed
  const isUntouched = sent + failed === 0
  // A message of the feed draws the figures alone: the same element is not drawn again.
  const controls = useMemo(
    () => <Controls id={id} status={status} isUntouched={isUntouched} onChange={onChange} />,
    [id, status, isUntouched, onChange],
  )
  const rest = useMemo(
    () => (
      <>
        <Errors id={id} errors={errors} failed={failed} turn={turn} />
        <Recipients id={id} turn={turn} />
        <TimeLine id={id} turn={status} />
      </>
    ),
    [id, errors, failed, turn, status],
  )
  return (
    <>
      <section class={feed.isCurrent ? 'card run' : 'card run stale'}>
        <div class="heading">
          <strong class="share">{format.percent(done)}</strong>
          <LiveMark feed={feed} />
        </div>
        <ProgressBar total={total} sent={sent} failed={failed} />
        <dl class="figures">
          <Figure label={t('run.sent')} tone="good">
            {format.number(sent)}
          </Figure>
          <Figure label={t('run.delivered')}>{format.number(delivered)}</Figure>
          <Figure label={t('run.failed')} tone={failed > 0 ? 'bad' : 'even'}>
            {format.number(failed)}
          </Figure>
          <Figure label={t('run.waiting')}>{format.number(Math.max(0, total - sent - failed))}</Figure>
        </dl>
        <p class="word" role="status">
          {feed.word !== undefined && t(keyOf('feed', feed.word.status, 'feed.unknown'))}
        </p>
        <Pulse feed={feed} waiting={total - sent - failed} isRunning={status === 'RUNNING'} />
        {controls}
        {notices.isOpen && status === 'RUNNING' && (
          <p>
            <button type="button" class="button quiet" onClick={notices.ask}>
              {t('run.tellMe')}
            </button>
          </p>
        )}
      </section>
      {rest}
    </>
  )
}

interface PulseProps {
  readonly feed: FeedState
  readonly waiting: number
  readonly isRunning: boolean
}

/** Speed, end and the number of now: told only while they are known to be so. */
const Pulse = ({ feed, waiting, isRunning }: PulseProps) => {
  const { t, format } = usePreferences()
  const isNow = isRunning && feed.isCurrent
  const speed = isNow ? speedOf(feed) : undefined
  const left = speed === undefined ? undefined : waiting / speed
  const unknown = t('run.unknown')
  const at = left === undefined ? undefined : new Date(Date.now() + left * 1_000)
  return (
    <dl class="pulse">
      <dt>{t('run.speed')}</dt>
      <dd>
        {speed === undefined ? unknown : t('run.perMinute', { count: format.number(Math.round(speed * 60)) })}
      </dd>
      <dt>{t('run.eta')}</dt>
      <dd>
        {left === undefined || at === undefined
          ? unknown
          : t('run.etaIn', { duration: format.duration(left), at: format.moment(at) })}
      </dd>
      <dt>{t('run.current')}</dt>
      <dd>{isNow && feed.current !== undefined ? <Phone number={feed.current} isMasked /> : unknown}</dd>
    </dl>
  )
}
