// The door: through the provider where there is one, else for those who bring a token.
import { useState } from 'preact/hooks'

import { beginSignIn, type OidcSettings, readOidcSettings } from '../oidc.ts'
import { Loading, ProblemNotice } from '../parts/notices.tsx'
import { useLoad } from '../use-load.ts'
import { useTask } from '../use-task.ts'

import { usePreferences } from '../preferences.tsx'
import { useTitle } from '../use-title.ts'

interface SignInProps {
  readonly wasRefused: boolean
  readonly onSubmit: (token: string) => void
}

export const SignIn = (props: SignInProps) => {
  const { t } = usePreferences()
  const [loaded] = useLoad('oidc', readOidcSettings)
  useTitle(t('signIn.title'))
  if (loaded.state === 'loading') return <Loading />
  const settings = loaded.state === 'ready' ? loaded.value : undefined
  return settings === undefined ? <TokenForm {...props} /> : <AtProvider settings={settings} {...props} />
}

type AtProviderProps = Pick<SignInProps, 'wasRefused'> & { readonly settings: OidcSettings }

const AtProvider = ({ wasRefused, settings }: AtProviderProps) => {
  const { t } = usePreferences()
  const task = useTask()
  return (
    <section class="card narrow">
      <h1>{t('signIn.title')}</h1>
      <p>{t(wasRefused ? 'signIn.expired' : 'signIn.provider')}</p>
      <div class="actions">
        <button
          type="button"
          class="button primary"
          disabled={task.isBusy}
          onClick={() => task.run(() => beginSignIn(settings))}
        >
          {t('signIn.submit')}
        </button>
      </div>
      <ProblemNotice problem={task.problem} />
    </section>
  )
}

const TokenForm = ({ wasRefused, onSubmit }: SignInProps) => {
  const { t } = usePreferences()
  const [value, setValue] = useState('')
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
