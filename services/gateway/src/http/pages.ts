// What the gateway shows by itself: a first page, the guide of the live feed, and that it is alive.
import { readFile } from 'node:fs/promises'

import type { HttpApi, Reply } from '@peyk/service-kit'

const GUIDE = new URL('../../../../docs/websocket-events.fa.md', import.meta.url)
const HOME = new URL('home.html', import.meta.url)

/** Nothing is loaded from elsewhere, and no script runs. */
const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
}

export const addPages = async (api: HttpApi): Promise<void> => {
  const [guide, home] = await Promise.all([readFile(GUIDE, 'utf8'), readFile(HOME, 'utf8')])
  const page = (stream: string, headers: Readonly<Record<string, string>>) => (): Reply => ({
    stream,
    headers,
  })
  const open = { access: 'public' } as const
  api.route('GET', '/', open, page(home, PAGE_HEADERS))
  api.route('GET', '/docs/websocket', open, page(guide, { 'content-type': 'text/markdown; charset=utf-8' }))
  api.route('GET', '/healthz', open, () => ({ body: { status: 'ok' } }))
}
