// The token of a request: renewed before it ends, once for all requests that want it at the same time.
import { readOidcSettings, renewTokens } from './oidc.ts'
import { keepTokens, renewal, token } from './session.ts'

/** Long enough for a request that is on its way. */
const MARGIN_MS = 20_000

let running: Promise<void> | undefined

export const freshToken = async (): Promise<string | undefined> => {
  const due = renewal()
  if (due !== undefined && Date.now() > due.expiresAtMs - MARGIN_MS) {
    running ??= renew(due.refreshToken).finally(() => (running = undefined))
    await running
  }
  return token()
}

/** Where the provider refuses, the old token is used on: the server says that it has expired. */
const renew = async (refreshToken: string): Promise<void> => {
  const settings = await readOidcSettings()
  const tokens = settings === undefined ? undefined : await renewTokens(settings, refreshToken)
  if (tokens !== undefined) keepTokens(tokens)
}
