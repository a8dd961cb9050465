// What the gateway shows by itself: the dashboard, the guide of the live feed, and that it is alive.
import { readFile } from 'node:fs/promises'

import type { HttpApi, Reply } from '@peyk/service-kit'

import type { Settings } from '../config.ts'
import { pagePolicy, readDashboard } from './dashboard-files.ts'

const GUIDE = new URL('../../../../docs/websocket-events.fa.md', import.meta.url)
const HOME = new URL('home.html', import.meta.url)
/** Made by Vite; absent where nobody built it. */
const DASHBOARD = new URL('../../dashboard/dist/', import.meta.url)

/** Nothing is loaded from elsewhere, and no script runs. */
const HOME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

/** Every address of the dashboard is its one page, which reads the address itself. */
const SCREENS = ['/', '/campaigns', '/campaigns/*screen', '/reports', '/numbers', '/signed-in']

type SignInSettings = Pick<Settings, 'OIDC_ISSUER' | 'OIDC_CLIENT_ID' | 'OIDC_SCOPE'>

export const addPages = async (api: HttpApi, settings: SignInSettings): Promise<void> => {
  const [guide, dashboard] = await Promise.all([readFile(GUIDE, 'utf8'), readDashboard(DASHBOARD)])
  const page = (stream: string | Buffer, headers: Readonly<Record<string, string>>) => (): Reply => ({
    stream,
    headers,
  })
  const html = (stream: string | Buffer, policy: string) =>
    page(stream, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
    })
  const open = { access: 'public' } as const
  if (dashboard === undefined) api.route('GET', '/', open, html(await readFile(HOME, 'utf8'), HOME_POLICY))
  else {
    const policy = pagePolicy(settings.OIDC_ISSUER)
    for (const path of SCREENS) api.route('GET', path, open, html(dashboard.page, policy))
    api.route('GET', '/sign-in.json', open, () => ({ body: { oidc: oidcOf(settings) } }))
    for (const { path, body, headers } of dashboard.files) api.route('GET', path, open, page(body, headers))
  }
  api.route('GET', '/docs/websocket', open, page(guide, { 'content-type': 'text/markdown; charset=utf-8' }))
  api.route('GET', '/healthz', open, () => ({ body: { status: 'ok' } }))
}

/** How users sign in, as the dashboard is told; null: with a token that they bring. */
const oidcOf = ({ OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_SCOPE }: SignInSettings) =>
  OIDC_ISSUER === undefined ? null : { issuer: OIDC_ISSUER, clientId: OIDC_CLIENT_ID, scope: OIDC_SCOPE }
