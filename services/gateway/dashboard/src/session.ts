// Who is here: nobody needs a token in local mode; else the pasted one, kept until the tab is closed.
const KEY = 'peyk.token'

/** The user that local mode takes a caller for. */
const LOCAL_USER = '1'

export const token = (): string | undefined => sessionStorage.getItem(KEY) ?? undefined

export const hasToken = (): boolean => token() !== undefined

export const keepToken = (value: string): void => sessionStorage.setItem(KEY, value)

export const forgetToken = (): void => sessionStorage.removeItem(KEY)

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
