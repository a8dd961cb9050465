// The message as it stands to one's own number, to see it as recipients will.
import { useState } from 'preact/hooks'

import { api } from '../../api.ts'
import { Phone } from '../../parts/phone.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { useTask } from '../../use-task.ts'

interface TestSendProps {
  readonly id: number
  readonly isConnected: boolean
}

export const TestSend = ({ id, isConnected }: TestSendProps) => {
  const { t } = usePreferences()
  const [phone, setPhone] = useState('')
  const [sentTo, setSentTo] = useState<string>()
  const task = useTask()
  const send = (event: Event) => {
    event.preventDefault()
    task.run(async () => {
      setSentTo(undefined)
      await api.testSend(id, phone)
      setSentTo(phone)
    })
  }
  return (
    <form class="card" onSubmit={send}>
      <h2>{t('test.title')}</h2>
      <label class="field">
        <span>{t('test.phone')}</span>
        <input
          type="tel"
          dir="ltr"
          autocomplete="tel"
          required
          maxLength={64}
          value={phone}
          onInput={({ currentTarget }) => setPhone(currentTarget.value)}
        />
      </label>
      <div class="actions">
        <button type="submit" class="button" disabled={!isConnected || phone.trim() === '' || task.isBusy}>
          {t('test.send')}
        </button>
        <span class="hint saved" role="status">
          {sentTo !== undefined && (
            <>
              {t('test.sent')} <Phone number={sentTo} />
            </>
          )}
        </span>
      </div>
      <ProblemNotice problem={task.problem} />
    </form>
  )
}
