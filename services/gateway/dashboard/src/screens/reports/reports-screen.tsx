// Reports beyond one campaign: what was sent day by day, and campaigns side by side.
import { useTitle } from '../../use-title.ts'
import { usePreferences } from '../../preferences.tsx'
import { Comparison } from './comparison.tsx'
import { Usage } from './usage.tsx'

export const ReportsScreen = () => {
  const { t } = usePreferences()
  useTitle(t('reports.title'))
  return (
    <>
      <h1>{t('reports.title')}</h1>
      <Usage />
      <Comparison />
    </>
  )
}
