// Why some were not sent to: one line a reason, the largest first.
import type { ReportReply } from '@peyk/contracts'

import { keyOf } from '../../i18n/translate.ts'
import { Bars } from '../../parts/bars.tsx'
import { usePreferences } from '../../preferences.tsx'

export const Reasons = ({ reasons }: Pick<ReportReply, 'reasons'>) => {
  const { t } = usePreferences()
  const sorted = reasons.toSorted((one, other) => other.count - one.count)
  const bars = sorted.map(({ state, reason, count }) => ({
    key: `${state} ${reason}`,
    label: t(keyOf('reason', reason, 'reason.other')),
    count,
    tone: 'bad' as const,
  }))
  return <Bars bars={bars} />
}
