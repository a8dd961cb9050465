// Why some were not sent to: one line a reason, the largest first.
import type { ReportReply } from '@peyk/contracts'

import { keyOf } from '../../i18n/translate.ts'
import { usePreferences } from '../../preferences.tsx'

export const Reasons = ({ reasons }: Pick<ReportReply, 'reasons'>) => {
  const { t, format } = usePreferences()
  const sorted = reasons.toSorted((one, other) => other.count - one.count)
  return (
    <ul class="plain reasons">
      {sorted.map(({ state, reason, count }) => (
        <li key={`${state} ${reason}`}>
          <strong>{format.number(count)}</strong> {t(keyOf('reason', reason, 'reason.other'))}
        </li>
      ))}
    </ul>
  )
}
