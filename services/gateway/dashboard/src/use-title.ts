// The title of the page, and the focus at its start when a screen opens: a screen reader reads where one is.
import { useEffect } from 'preact/hooks'

import { usePreferences } from './preferences.tsx'

export const useTitle = (title: string): void => {
  const { t } = usePreferences()
  const name = t('app.name')
  useEffect(() => {
    document.title = `${title} · ${name}`
  }, [title, name])
}
