// How fast: the time between two messages, and what it means in plain words.
import type { CampaignReply } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useLoad } from '../../use-load.ts'
import { useTask } from '../../use-task.ts'

const usual = ['5s', '10s', '20s'] as const

const secondsOf = (interval: string): number => Number(interval.slice(0, -1))

interface PaceProps {
  readonly campaign: CampaignReply
  readonly onChange: () => void
}

export const Pace = ({ campaign: { id, interval, scheduledAt }, onChange }: PaceProps) => {
  const { t, format } = usePreferences()
  const task = useTask()
  const [custom, setCustom] = useState(format.digits(String(secondsOf(interval))))
  const choose = (chosen: string) => {
    setCustom(format.digits(String(secondsOf(chosen))))
    if (chosen === interval) return
    task.run(async () => {
      await api.changeInterval(id, chosen)
      onChange()
    })
  }
  return (
    <fieldset class="pace">
      <legend>{t('review.pace')}</legend>
      <div class="chips">
        {usual.map((known) => (
          <label key={known} class="chip">
            <input type="radio" name="interval" checked={known === interval} onChange={() => choose(known)} />
            {t('review.seconds', { count: format.number(secondsOf(known)) })}
          </label>
        ))}
        <label class="custom">
          <span>{t('review.custom')}</span>
          <input
            type="text"
            inputMode="decimal"
            dir="ltr"
            value={format.digits(custom)}
            onInput={({ currentTarget }) => setCustom(currentTarget.value)}
            onChange={() => format.typed(custom) > 0 && choose(`${format.typed(custom)}s`)}
          />
        </label>
      </div>
      <p class="hint">{t('review.paceHint')}</p>
      <ProblemNotice problem={task.problem} />
      <EstimateText id={id} interval={interval} scheduledAt={scheduledAt} />
    </fieldset>
  )
}

type EstimateTextProps = Pick<CampaignReply, 'id' | 'interval' | 'scheduledAt'>

const EstimateText = ({ id, interval, scheduledAt }: EstimateTextProps) => {
  const { t, format } = usePreferences()
  const [loaded] = useLoad(`estimate ${id} ${interval}`, (signal) => api.estimate(id, signal))
  if (loaded.state !== 'ready' || loaded.value.pending === 0) return null
  const { seconds, endsAt, messagesPerDay } = loaded.value
  const end = scheduledAt === null ? endsAt : new Date(Date.parse(scheduledAt) + seconds * 1_000)
  return (
    <p class="estimate" role="status">
      <strong>{t('review.estimate', { duration: format.duration(seconds), end: format.moment(end) })}</strong>
      <span class="hint">{t('review.perDay', { count: format.number(messagesPerDay) })}</span>
    </p>
  )
}
