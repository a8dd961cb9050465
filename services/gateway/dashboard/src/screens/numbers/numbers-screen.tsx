// The WhatsApp numbers: how each of them is and does, a way to link one, and a way to take one away.
import type { CampaignReply, NumberHealthReply, SessionReply } from '@peyk/contracts'
import { useEffect, useState } from 'preact/hooks'

import { api, ApiProblem } from '../../api.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { Figure } from '../../parts/figure.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Link } from '../../parts/link.tsx'
import { Empty, Loading, ProblemNotice } from '../../parts/notices.tsx'
import { Phone } from '../../parts/phone.tsx'
import { usePreferences } from '../../preferences.tsx'
import { paths } from '../../router.ts'
import { useLoad } from '../../use-load.ts'
import { useTask } from '../../use-task.ts'
import { useTitle } from '../../use-title.ts'

type Health = NumberHealthReply['numbers'][number]

interface Found {
  readonly sessions: readonly SessionReply[]
  readonly health: readonly Health[]
  readonly campaigns: readonly CampaignReply[]
}

const REFRESH_MS = 5_000
/** Newest campaigns among which the one of a number is looked for. */
const CAMPAIGNS = 100

/** A number that is going nowhere by itself has no state of its own worth waiting for. */
const isGone = ({ state }: SessionReply) => state === 'logged_out' || state === 'banned'

const find = async (signal: AbortSignal): Promise<Found> => {
  const [sessions, health, { campaigns }] = await Promise.all([
    api.sessions(signal),
    // Figures are an extra: whoever may not read them still sees the numbers.
    api.numbers(signal).catch((error: unknown) => {
      if (error instanceof ApiProblem && error.status === 403) return []
      throw error
    }),
    api.campaigns({ page: 1, limit: CAMPAIGNS }, signal),
  ])
  return { sessions, health, campaigns }
}

export const NumbersScreen = () => {
  const { t } = usePreferences()
  useTitle(t('numbers.title'))
  const [loaded, reload] = useLoad('numbers', find)
  useEffect(() => {
    const timer = setInterval(reload, REFRESH_MS)
    return () => clearInterval(timer)
  }, [reload])
  return (
    <>
      <div class="heading">
        <h1>{t('numbers.title')}</h1>
        {loaded.state === 'ready' && <LinkOne campaigns={loaded.value.campaigns} />}
      </div>
      {loaded.state === 'loading' && <Loading />}
      {loaded.state === 'failed' && <ProblemNotice problem={loaded.problem} onRetry={reload} />}
      {loaded.state === 'ready' && <Numbers {...loaded.value} onChange={reload} />}
    </>
  )
}

/** A number is linked for a campaign: the newest draft, or a new one. */
const LinkOne = ({ campaigns }: Pick<Found, 'campaigns'>) => {
  const { t } = usePreferences()
  const draft = campaigns.find(
    ({ status, sessionId }) => (status === 'DRAFT' || status === 'READY') && sessionId === null,
  )
  return (
    <Link to={draft === undefined ? paths.new : paths.step(draft.id, 'number')} class="button primary">
      <Icon name="phone" />
      {t('number.link')}
    </Link>
  )
}

const Numbers = ({ sessions, health, campaigns, onChange }: Found & { readonly onChange: () => void }) => {
  const { t } = usePreferences()
  if (sessions.length === 0) return <Empty title={t('numbers.empty')} hint={t('numbers.emptyHint')} />
  return (
    <ul class="plain numbers">
      {sessions.map((session) => (
        <Number
          key={session.id}
          session={session}
          health={health.find(({ sessionId }) => sessionId === session.id)}
          campaign={campaigns.find(({ sessionId }) => sessionId === session.id)}
          onChange={onChange}
        />
      ))}
    </ul>
  )
}

interface NumberProps {
  readonly session: SessionReply
  readonly health: Health | undefined
  /** The newest one that sends from it. */
  readonly campaign: CampaignReply | undefined
  readonly onChange: () => void
}

const Number = ({ session, health, campaign, onChange }: NumberProps) => {
  const { t, format } = usePreferences()
  const { state, number, lastActivity } = session
  return (
    <li class="card">
      <div class="heading">
        <h2>{number === null ? t('numbers.unnamed') : <Phone number={number} />}</h2>
        <span class={`pill number-${state}`}>{t(`session.${state}`)}</span>
      </div>
      <p>{t(`numbers.advice.${state}`)}</p>
      {health !== undefined && <HealthFigures health={health} />}
      <p class="hint">
        {health !== undefined && t('numbers.since', { at: format.moment(health.since) })}
        {lastActivity !== null && ` · ${t('numbers.lastActivity', { at: format.moment(lastActivity) })}`}
      </p>
      {campaign !== undefined && <NumberActions session={session} campaign={campaign} onChange={onChange} />}
    </li>
  )
}

const HealthFigures = ({ health }: { readonly health: Health }) => {
  const { t, format } = usePreferences()
  const { sent, delivered, replied, failed, disconnects } = health
  const share = (count: number) => (sent === 0 ? t('run.unknown') : format.percent(count / sent))
  return (
    <dl class="figures">
      <Figure label={t('run.sent')}>{format.number(sent)}</Figure>
      <Figure label={t('run.delivered')} tone="good">
        {share(delivered)}
      </Figure>
      <Figure label={t('report.replied')}>{share(replied)}</Figure>
      <Figure label={t('run.failed')} tone={failed > 0 ? 'bad' : 'even'}>
        {format.number(failed)}
      </Figure>
      <Figure label={t('numbers.disconnects')}>{format.number(disconnects)}</Figure>
    </dl>
  )
}

interface NumberActionsProps {
  readonly session: SessionReply
  readonly campaign: CampaignReply
  readonly onChange: () => void
}

const NumberActions = ({ session, campaign, onChange }: NumberActionsProps) => {
  const { t } = usePreferences()
  const [isAsking, setAsking] = useState(false)
  const task = useTask()
  const unlink = () =>
    task.run(async () => {
      setAsking(false)
      await api.unlink(campaign.id)
      onChange()
    })
  const canUnlink = !isGone(session) && session.state !== 'unlinking'
  return (
    <>
      <div class="actions">
        <Link to={paths.campaign(campaign.id)} class="button">
          {t('numbers.campaign')}
        </Link>
        {canUnlink && (
          <button
            type="button"
            class="button quiet bad-text"
            disabled={task.isBusy}
            onClick={() => setAsking(true)}
          >
            {t('numbers.unlink')}
          </button>
        )}
      </div>
      <ProblemNotice problem={task.problem} />
      {isAsking && (
        <Dialog
          title={t('numbers.unlinkTitle')}
          yes={t('numbers.unlinkYes')}
          no={t('steps.back')}
          isDangerous
          onYes={unlink}
          onClose={() => setAsking(false)}
        >
          <p>{t('numbers.unlinkText')}</p>
        </Dialog>
      )}
    </>
  )
}
