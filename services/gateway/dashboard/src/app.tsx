// The dashboard: which screen stands where, and the sign-in before it when the server wants to know who is here.
import { useEffect, useRef, useState } from 'preact/hooks'

import { api, type CampaignPage } from './api.ts'
import { Empty, Loading, ProblemNotice } from './parts/notices.tsx'
import { Link } from './parts/link.tsx'
import { Shell } from './parts/shell.tsx'
import { PreferencesProvider, usePreferences } from './preferences.tsx'
import { finishSignIn, readOidcSettings } from './oidc.ts'
import { navigate, paths, type Route, useRoute } from './router.ts'
import { CampaignScreen } from './screens/campaign-screen.tsx'
import { CampaignList } from './screens/campaign-list.tsx'
import { NumbersScreen } from './screens/numbers/numbers-screen.tsx'
import { ReportsScreen } from './screens/reports/reports-screen.tsx'
import { SignIn } from './screens/sign-in.tsx'
import { Wizard } from './screens/wizard/wizard.tsx'
import { forgetToken, keepToken, keepTokens, token } from './session.ts'
import { useLoad } from './use-load.ts'

export const App = () => (
  <PreferencesProvider>
    <Door />
  </PreferencesProvider>
)

/** One small request tells whether the caller may come in; who comes back from the provider brings a code first. */
const enter = async (signal: AbortSignal): Promise<CampaignPage> => {
  if (location.pathname === paths.signedIn) await comeBack()
  return api.campaigns({ page: 1 }, signal)
}

const comeBack = async (): Promise<void> => {
  const settings = await readOidcSettings()
  const signedIn = settings === undefined ? undefined : await finishSignIn(settings, location.search)
  if (signedIn !== undefined) keepTokens(signedIn.tokens)
  // The code is of no more use, and goes out of the address.
  navigate(signedIn?.returnTo ?? paths.list, 'replace')
}

const Door = () => {
  const [turn, setTurn] = useState(0)
  const [entry, retry] = useLoad(`enter ${turn}`, enter)
  const signOut = () => {
    forgetToken()
    setTurn(turn + 1)
  }
  const signIn = (value: string) => {
    keepToken(value)
    setTurn(turn + 1)
  }
  const isStranger = entry.state === 'failed' && entry.problem.status === 401
  return (
    <Shell isInside={entry.state === 'ready'} onSignOut={signOut}>
      {entry.state === 'loading' && <Loading />}
      {entry.state === 'failed' &&
        (isStranger ? (
          <SignIn wasRefused={token() !== undefined} onSubmit={signIn} />
        ) : (
          <ProblemNotice problem={entry.problem} onRetry={retry} />
        ))}
      {entry.state === 'ready' && <Screens first={entry.value} />}
    </Shell>
  )
}

/** `first`: the campaigns that the request at the door brought; the screen that opens first may show them. */
const Screens = ({ first }: { readonly first: CampaignPage }) => {
  const route = useRoute()
  const key = JSON.stringify(route)
  const opened = useRef(key)
  useEffect(() => {
    // A new screen begins at its top for the keyboard and the screen reader too.
    document.getElementById('content')?.focus({ preventScroll: true })
    if (opened.current !== key) opened.current = ''
  }, [key])
  return <Screen route={route} first={opened.current === key ? first : undefined} />
}

interface ScreenProps {
  readonly route: Route
  readonly first: CampaignPage | undefined
}

const Screen = ({ route, first }: ScreenProps) => {
  switch (route.screen) {
    case 'list':
      return <CampaignList first={first} />
    case 'reports':
      return <ReportsScreen />
    case 'numbers':
      return <NumbersScreen />
    case 'new':
      return <Wizard id={undefined} step="message" />
    case 'step':
      return <Wizard id={route.id} step={route.step} />
    case 'campaign':
      return <CampaignScreen key={route.id} id={route.id} />
    case 'unknown':
      return <NotFound />
  }
}

const NotFound = () => {
  const { t } = usePreferences()
  return (
    <Empty title={t('app.notFound')}>
      <Link to={paths.list} class="button">
        {t('app.toList')}
      </Link>
    </Empty>
  )
}
