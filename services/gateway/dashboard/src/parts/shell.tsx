// What stands around every screen: the name, the language, the theme, and the place for the content.
import type { ComponentChildren } from 'preact'

import { usePreferences } from '../preferences.tsx'
import { paths, useRoute } from '../router.ts'
import { token } from '../session.ts'
import { Icon } from './icon.tsx'
import { Link } from './link.tsx'

interface ShellProps {
  /** False before the door: there is nowhere to go yet. */
  readonly isInside: boolean
  readonly onSignOut: () => void
  readonly children: ComponentChildren
}

export const Shell = ({ isInside, onSignOut, children }: ShellProps) => {
  const { t, language, theme, setLanguage, setTheme } = usePreferences()
  const isDark = theme === 'dark'
  return (
    <>
      <a class="skip" href="#content">
        {t('app.skip')}
      </a>
      <header class="top">
        <Link to={paths.list} class="brand">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path d="M3 15 29 4 20 28l-5-9.5z" />
          </svg>
          {t('app.name')}
        </Link>
        {isInside && <Places />}
        <div class="top-tools">
          <button
            type="button"
            class="button quiet"
            lang={language === 'fa' ? 'en' : 'fa'}
            onClick={() => setLanguage(language === 'fa' ? 'en' : 'fa')}
          >
            {t('app.language')}
          </button>
          <button
            type="button"
            class="button quiet round"
            aria-label={t(isDark ? 'app.themeLight' : 'app.themeDark')}
            title={t(isDark ? 'app.themeLight' : 'app.themeDark')}
            onClick={() => setTheme(isDark ? 'light' : 'dark')}
          >
            <Icon name={isDark ? 'sun' : 'moon'} />
          </button>
          {token() !== undefined && (
            <button type="button" class="button quiet" onClick={onSignOut}>
              {t('app.signOut')}
            </button>
          )}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  )
}

const Places = () => {
  const { t } = usePreferences()
  const { screen } = useRoute()
  const isCampaigns = screen === 'list' || screen === 'new' || screen === 'step' || screen === 'campaign'
  const place = (to: string, name: string, isHere: boolean) => (
    <Link to={to} class="place" isCurrent={isHere}>
      {name}
    </Link>
  )
  return (
    <nav class="places" aria-label={t('app.places')}>
      {place(paths.list, t('list.title'), isCampaigns)}
      {place(paths.reports, t('reports.title'), screen === 'reports')}
      {place(paths.numbers, t('numbers.title'), screen === 'numbers')}
    </nav>
  )
}
