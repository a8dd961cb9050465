// The text of a message: `{{name}}`, `{{name|default}}` and `{نام}` stand for values of a recipient.
// Values expand once: what looks like a variable inside a value stays text.

/** The longest text that a recipient may get, in Unicode code points after rendering. */
export const MAX_MESSAGE_CHARACTERS = 4_096

export type Rendered =
  | { readonly outcome: 'rendered'; readonly text: string }
  | { readonly outcome: 'missing'; readonly variable: string }

const placeholder = /\{\{\s*([^{}|]+?)\s*(?:\|([^{}]*))?\}\}|\{\s*([\p{L}][^{}|\n]*?)\s*\}/gu

const aliases: Record<string, string> = { نام: 'name' }

/** Folds what users type differently for the same column: Arabic ي and ك, half-spaces, case, blanks. */
export const normaliseVariableName = (name: string): string => {
  const folded = name
    .normalize('NFKC')
    .replaceAll('ي', 'ی')
    .replaceAll('ك', 'ک')
    .replace(/[\s\u200c_]+/gu, ' ')
    .trim()
    .toLowerCase()
  return aliases[folded] ?? folded
}

/** The names of the variables that a text uses and that have no default. */
export const requiredVariables = (template: string): readonly string[] => {
  const names = [...template.matchAll(placeholder)]
    .filter(([, , fallback]) => fallback === undefined)
    .map(([, double, , single]) => normaliseVariableName(double ?? single ?? ''))
  return [...new Set(names)]
}

/** `variables` are keyed by normalised names. An empty value counts as missing. */
export const renderMessage = (template: string, variables: Readonly<Record<string, string>>): Rendered => {
  let missing: string | undefined
  const text = template.replace(
    placeholder,
    (_match, double: string | undefined, fallback: string | undefined, single: string | undefined) => {
      const name = double ?? single ?? ''
      const key = normaliseVariableName(name)
      const value = Object.hasOwn(variables, key) ? variables[key] : undefined
      if (value !== undefined && value !== '') return value
      if (fallback !== undefined) return fallback
      missing ??= name
      return ''
    },
  )
  return missing === undefined ? { outcome: 'rendered', text } : { outcome: 'missing', variable: missing }
}

export const characterCount = (text: string): number => Array.from(text).length
