// Which number sends: one that is linked already, or a new one by its QR code.
import type { CampaignReply, SessionReply } from '@peyk/contracts'
import { useEffect, useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { useFeed } from '../../feed/use-feed.ts'
import { Icon } from '../../parts/icon.tsx'
import { Loading, ProblemNotice } from '../../parts/notices.tsx'
import { Phone } from '../../parts/phone.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useLoad } from '../../use-load.ts'
import { useTask } from '../../use-task.ts'
import { QrCode } from './qr-code.tsx'
import { StepActions } from './step-actions.tsx'

export const NumberStep = ({ campaign: { id } }: { readonly campaign: CampaignReply }) => {
  const { t } = usePreferences()
  const feed = useFeed(id)
  const [loaded, reload] = useNumbers(id, feed.word?.status)
  const [wasAsked, setAsked] = useState(false)
  const task = useTask()
  const link = (sessionId?: string) =>
    task.run(async () => {
      await api.link(id, sessionId)
      setAsked(true)
      reload()
    })
  if (loaded.state === 'loading') return <Loading />
  if (loaded.state === 'failed') return <ProblemNotice problem={loaded.problem} onRetry={reload} />
  const { connection, sessions } = loaded.value
  const own = sessions.find((session) => session.id === connection.sessionId)
  const others = sessions.filter(
    (session) => session.state === 'connected' && session.id !== connection.sessionId,
  )
  return (
    <>
      <section class="card">
        <h1>{t('number.title')}</h1>
        {connection.hasActiveSession ? (
          <Linked isConnected={connection.isConnected} session={own} />
        ) : wasAsked || feed.qr !== undefined ? (
          <QrCode qr={feed.qr} />
        ) : (
          <>
            <p>{t('number.hint')}</p>
            <button type="button" class="button primary" disabled={task.isBusy} onClick={() => link()}>
              <Icon name="phone" />
              {t('number.link')}
            </button>
          </>
        )}
        <ProblemNotice problem={task.problem} />
        {others.length > 0 && <Others sessions={others} onUse={link} />}
      </section>
      <StepActions id={id} back="recipients" next="review" isDone={connection.isConnected} />
    </>
  )
}

const ASK_AGAIN_MS = 2_000

/** Read again when the feed tells another state of the number, and now and then while it is not connected. */
const useNumbers = (id: number, word: string | undefined) => {
  const numbers = useLoad(`numbers ${id}`, async (signal) => {
    const [connection, sessions] = await Promise.all([api.connection(id, signal), api.sessions(signal)])
    return { connection, sessions }
  })
  const [loaded, reload] = numbers
  const isWaiting = loaded.state === 'ready' && !loaded.value.connection.isConnected
  useEffect(() => {
    if (word !== undefined) reload()
    if (!isWaiting) return undefined
    const timer = setInterval(reload, ASK_AGAIN_MS)
    return () => clearInterval(timer)
  }, [word, isWaiting, reload])
  return numbers
}

interface LinkedProps {
  readonly isConnected: boolean
  readonly session: SessionReply | undefined
}

const Linked = ({ isConnected, session }: LinkedProps) => {
  const { t } = usePreferences()
  const number = session?.number ?? undefined
  return (
    <div class={isConnected ? 'notice good' : 'notice warn'} role="status">
      <Icon name={isConnected ? 'check' : 'warning'} />
      <p>
        <strong>{t(isConnected ? 'number.connected' : 'number.away')}</strong>{' '}
        {number !== undefined && <Phone number={number} />}
        <br />
        <span class="hint">{t('number.connectedHint')}</span>
      </p>
    </div>
  )
}

interface OthersProps {
  readonly sessions: readonly SessionReply[]
  readonly onUse: (sessionId: string) => void
}

const Others = ({ sessions, onUse }: OthersProps) => {
  const { t } = usePreferences()
  return (
    <>
      <h2>{t('number.known')}</h2>
      <ul class="plain">
        {sessions.map(({ id, number, state }) => (
          <li key={id} class="heading">
            <span>
              <Phone number={number ?? id} /> · {t(`session.${state}`)}
            </span>
            <button type="button" class="button" onClick={() => onUse(id)}>
              {t('number.use')}
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
