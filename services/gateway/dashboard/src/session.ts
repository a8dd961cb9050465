// Who is here: nobody needs a token in local mode; else the pasted one, or those of the provider, kept until the tab is closed.
const KEY = 'peyk.token'
const RENEWAL = 'peyk.renewal'

/** The user that local mode takes a caller for. */
const LOCAL_USER = '1'

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  /** By this browser's clock. */
  readonly expiresAtMs: number
}

type Renewal = Pick<Tokens, 'expiresAtMs'> & { readonly refreshToken: string }

export const token = (): string | undefined => sessionStorage.getItem(KEY) ?? undefined

export const hasToken = (): boolean => token() !== undefined

export const keepToken = (value: string): void => sessionStorage.setItem(KEY, value)

export const keepTokens = ({ accessToken, refreshToken, expiresAtMs }: Tokens): void => {
  keepToken(accessToken)
  if (refreshToken === undefined) sessionStorage.removeItem(RENEWAL)
  else sessionStorage.setItem(RENEWAL, JSON.stringify({ refreshToken, expiresAtMs } satisfies Renewal))
}

/** What a new token is asked for with, and when it is needed; undefined for a pasted token. */
export const renewal = (): Renewal | undefined => {
  const kept = sessionStorage.getItem(RENEWAL)
  return kept === null ? undefined : (JSON.parse(kept) as Renewal)
}

export const forgetToken = (): void => {
  sessionStorage.removeItem(KEY)
  sessionStorage.removeItem(RENEWAL)
}

/** The `sub` of the token, which the live feed wants to be told. */
export const userId = (): string => {
  const payload = token()?.split('.')[1]
  if (payload === undefined) return LOCAL_USER
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    const isClaims = typeof claims === 'object' && claims !== null && 'sub' in claims
    return isClaims ? String(claims.sub) : LOCAL_USER
  } catch {
    // Not a token at all: the server says so at the first request.
    return LOCAL_USER
  }
}
