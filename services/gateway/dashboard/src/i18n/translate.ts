// From a key to a text of the language chosen.
import { en } from './en.ts'
import { fa } from './fa.ts'
import type { Language } from './language.ts'

export type TextKey = keyof typeof fa

export const texts: Record<Language, Record<TextKey, string>> = { fa, en }

export type Translate = (key: TextKey, values?: Readonly<Record<string, string>>) => string

/** `{name}` in a text stands for a value, which is formatted already. */
export const translator =
  (language: Language): Translate =>
  (key, values = {}) =>
    texts[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)

/** The key of a word of the system (`status.RUNNING`), or the fallback for a word that this build does not know. */
export const keyOf = (prefix: string, word: string, fallback: TextKey): TextKey => {
  const key = `${prefix}.${word}`
  return isKey(key) ? key : fallback
}

const isKey = (key: string): key is TextKey => Object.hasOwn(fa, key)
