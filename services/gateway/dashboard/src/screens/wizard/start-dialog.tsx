// The last question before messages go out. Many recipients ask for their number to be typed.
import type { CampaignReply } from '@peyk/contracts'
import { useState } from 'preact/hooks'

import { Dialog } from '../../parts/dialog.tsx'
import { usePreferences } from '../../preferences.tsx'

const MANY = 1_000

interface StartDialogProps {
  readonly campaign: CampaignReply
  readonly onStart: () => void
  readonly onClose: () => void
}

export const StartDialog = ({ campaign, onStart, onClose }: StartDialogProps) => {
  const { t, format } = usePreferences()
  const [typed, setTyped] = useState('')
  const { scheduledAt, timezone } = campaign
  const { total } = campaign.progress
  const isAllowed = total <= MANY || format.typed(typed) === total
  return (
    <Dialog
      title={t(scheduledAt === null ? 'review.confirmTitle' : 'schedule.confirmTitle')}
      yes={t(scheduledAt === null ? 'review.start' : 'schedule.start')}
      no={t('steps.back')}
      isAllowed={isAllowed}
      onYes={onStart}
      onClose={onClose}
    >
      <p>{t('review.confirm', { count: format.number(total) })}</p>
      {scheduledAt !== null && (
        <p>
          {t('schedule.startsAt', {
            at: format.momentIn(scheduledAt, timezone),
            zone: format.zone(timezone),
          })}
        </p>
      )}
      {total > MANY && (
        <label class="field">
          <span>{t('review.typeCount', { count: format.number(total) })}</span>
          <input
            type="text"
            inputMode="numeric"
            dir="ltr"
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
      )}
    </Dialog>
  )
}
