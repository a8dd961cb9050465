// Language and theme: chosen once, kept in the browser, changed at once.
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useLayoutEffect, useMemo, useState } from 'preact/hooks'

import { createFormat, type Format } from './format.ts'
import { directionOf, type Language } from './i18n/language.ts'
import { type Translate, translator } from './i18n/translate.ts'

export type Theme = 'light' | 'dark'

export interface Preferences {
  readonly language: Language
  readonly theme: Theme
  readonly t: Translate
  readonly format: Format
  readonly setLanguage: (language: Language) => void
  readonly setTheme: (theme: Theme) => void
}

const LANGUAGE = 'peyk.language'
const THEME = 'peyk.theme'

const Context = createContext<Preferences | undefined>(undefined)

export const usePreferences = (): Preferences => {
  const preferences = useContext(Context)
  if (preferences === undefined) throw new TypeError('a part outside of Preferences (preferences 1)')
  return preferences
}

const keptLanguage = (): Language => (localStorage.getItem(LANGUAGE) === 'en' ? 'en' : 'fa')

/** The system's own until one is chosen. */
const keptTheme = (): Theme => {
  const kept = localStorage.getItem(THEME)
  if (kept === 'light' || kept === 'dark') return kept
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export const PreferencesProvider = ({ children }: { readonly children: ComponentChildren }) => {
  const [language, setLanguage] = useState(keptLanguage)
  const [theme, setTheme] = useState(keptTheme)
  useLayoutEffect(() => {
    const { documentElement } = document
    documentElement.lang = language
    documentElement.dir = directionOf(language)
    documentElement.dataset['theme'] = theme
  }, [language, theme])
  const preferences = useMemo<Preferences>(
    () => ({
      language,
      theme,
      t: translator(language),
      format: createFormat(language),
      setLanguage: (chosen) => {
        localStorage.setItem(LANGUAGE, chosen)
        setLanguage(chosen)
      },
      setTheme: (chosen) => {
        localStorage.setItem(THEME, chosen)
        setTheme(chosen)
      },
    }),
    [language, theme],
  )
  return <Context.Provider value={preferences}>{children}</Context.Provider>
}
