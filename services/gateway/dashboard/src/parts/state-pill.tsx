import type { CampaignStatus } from '@peyk/contracts'

import { usePreferences } from '../preferences.tsx'

export const StatePill = ({ status }: { readonly status: CampaignStatus }) => {
  const { t } = usePreferences()
  return <span class={`pill pill-${status.toLowerCase()}`}>{t(`status.${status}`)}</span>
}
