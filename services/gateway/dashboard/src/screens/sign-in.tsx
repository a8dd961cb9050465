// The door for those who bring a token.
import { useState } from 'preact/hooks'

import { usePreferences } from '../preferences.tsx'
import { useTitle } from '../use-title.ts'

interface SignInProps {
  readonly wasRefused: boolean
  readonly onSubmit: (token: string) => void
}

export const SignIn = ({ wasRefused, onSubmit }: SignInProps) => {
  const { t } = usePreferences()
  const [value, setValue] = useState('')
  useTitle(t('signIn.title'))
  const submit = (event: Event) => {
    event.preventDefault()
    if (value.trim() !== '') onSubmit(value.trim())
  }
  return (
    <form class="card narrow" onSubmit={submit}>
      <h1>{t('signIn.title')}</h1>
      <p class="hint" id="token-hint">
        {t('signIn.hint')}
      </p>
      <label class="field">
        <span>{t('signIn.token')}</span>
        <input
          type="password"
          dir="ltr"
          autocomplete="off"
          value={value}
          aria-describedby="token-hint"
          aria-invalid={wasRefused}
          onInput={({ currentTarget }) => setValue(currentTarget.value)}
        />
      </label>
      {wasRefused && (
        <p class="bad-text" role="alert">
          {t('signIn.refused')}
        </p>
      )}
      <div class="actions">
        <button type="submit" class="button primary">
          {t('signIn.submit')}
        </button>
      </div>
    </form>
  )
}
