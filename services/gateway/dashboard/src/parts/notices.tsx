// What a screen says instead of its content, or above it.
import type { ComponentChildren } from 'preact'

import type { ApiProblem } from '../api.ts'
import { keyOf } from '../i18n/translate.ts'
import { usePreferences } from '../preferences.tsx'
import { Icon } from './icon.tsx'

export const Loading = () => {
  const { t } = usePreferences()
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {t('app.loading')}
    </p>
  )
}

interface ProblemProps {
  readonly problem: ApiProblem | undefined
  readonly onRetry?: () => void
}

export const ProblemNotice = ({ problem, onRetry }: ProblemProps) => {
  const { t } = usePreferences()
  if (problem === undefined) return null
  return (
    <div class="notice bad" role="alert">
      <Icon name="warning" />
      <p>{t(keyOf('problem', problem.code, 'problem.other'))}</p>
      {onRetry !== undefined && (
        <button type="button" class="button quiet" onClick={onRetry}>
          {t('app.retry')}
        </button>
      )}
    </div>
  )
}

interface EmptyProps {
  readonly title: string
  readonly hint?: string
  readonly children?: ComponentChildren
}

export const Empty = ({ title, hint, children }: EmptyProps) => (
  <div class="empty">
    <svg viewBox="0 0 64 64" class="empty-mark" aria-hidden="true">
      <path d="M6 30 58 10 40 54 30 36z" />
      <path d="M30 36 58 10" />
    </svg>
    <h2>{title}</h2>
    {hint !== undefined && <p>{hint}</p>}
    {children}
  </div>
)
