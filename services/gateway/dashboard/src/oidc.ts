// Sign-in at an OpenID provider: the authorization code flow with PKCE, and new tokens before the old ones end.
import { paths } from './router.ts'
import type { Tokens } from './session.ts'

export interface OidcSettings {
  readonly issuer: string
  readonly clientId: string
  readonly scope: string
}

/** What has to be known again when the provider sends the user back. */
interface Begun {
  readonly state: string
  readonly verifier: string
  readonly returnTo: string
}

interface Endpoints {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
}

const BEGUN = 'peyk.signingIn'
/** Of a provider that does not say how long its tokens live. */
const STANDARD_LIFETIME_S = 300

/** Leaves the page for the provider's. */
export const beginSignIn = async (settings: OidcSettings): Promise<void> => {
  const { authorization_endpoint } = await endpointsOf(settings)
  const begun: Begun = {
    state: randomText(),
    verifier: randomText(),
    returnTo: location.pathname === paths.signedIn ? '/' : location.pathname,
  }
  sessionStorage.setItem(BEGUN, JSON.stringify(begun))
  const address = new URL(authorization_endpoint)
  address.search = new URLSearchParams({
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: callbackAddress(),
    scope: settings.scope,
    state: begun.state,
    code_challenge: await challengeOf(begun.verifier),
    code_challenge_method: 'S256',
  }).toString()
  location.assign(address)
}

interface SignedIn {
  readonly tokens: Tokens
  readonly returnTo: string
}

/** At the way back: undefined where the provider refused, or the answer is not one to a sign-in of this tab. */
export const finishSignIn = async (settings: OidcSettings, query: string): Promise<SignedIn | undefined> => {
  const answer = new URLSearchParams(query)
  const begun = takeBegun()
  const code = answer.get('code')
  if (begun === undefined || code === null || answer.get('state') !== begun.state) return undefined
  const tokens = await askForTokens(settings, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: callbackAddress(),
    code_verifier: begun.verifier,
  })
  return tokens === undefined ? undefined : { tokens, returnTo: begun.returnTo }
}

/** Undefined where the provider does not renew any more; throws when it cannot be reached. */
export const renewTokens = (settings: OidcSettings, refreshToken: string): Promise<Tokens | undefined> =>
  askForTokens(settings, { grant_type: 'refresh_token', refresh_token: refreshToken }, refreshToken)

const askForTokens = async (
  settings: OidcSettings,
  grant: Readonly<Record<string, string>>,
  oldRefreshToken?: string,
): Promise<Tokens | undefined> => {
  const { token_endpoint } = await endpointsOf(settings)
  const body = new URLSearchParams({ ...grant, client_id: settings.clientId })
  const answer = await fetch(token_endpoint, { method: 'POST', body, credentials: 'omit' })
  if (answer.status >= 500) throw new TypeError('the provider does not answer (oidc 1)')
  if (!answer.ok) return undefined
  const { access_token, refresh_token, expires_in } = (await answer.json()) as {
    access_token: string
    refresh_token?: string
    expires_in?: number
  }
  return {
    accessToken: access_token,
    refreshToken: refresh_token ?? oldRefreshToken,
    expiresAtMs: Date.now() + (expires_in ?? STANDARD_LIFETIME_S) * 1_000,
  }
}

/** How users sign in here, as the gateway says it; undefined: with a token that they bring. */
export const readOidcSettings = async (): Promise<OidcSettings | undefined> => {
  const answer = await fetch('/sign-in.json')
  if (!answer.ok) return undefined
  return ((await answer.json()) as { readonly oidc: OidcSettings | null }).oidc ?? undefined
}

const takeBegun = (): Begun | undefined => {
  const kept = sessionStorage.getItem(BEGUN)
  sessionStorage.removeItem(BEGUN)
  return kept === null ? undefined : (JSON.parse(kept) as Begun)
}

const endpointsOf = async ({ issuer }: OidcSettings): Promise<Endpoints> => {
  const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  return (await answer.json()) as Endpoints
}

const callbackAddress = (): string => new URL(paths.signedIn, location.origin).href

const randomText = (): string => base64Url(crypto.getRandomValues(new Uint8Array(32)))

const challengeOf = async (verifier: string): Promise<string> =>
  base64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))

const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
