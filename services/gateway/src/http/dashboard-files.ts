// The built dashboard, read once: a few small files that never change while the process lives.
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'

export interface Dashboard {
  readonly page: Buffer
  readonly files: readonly DashboardFile[]
}

interface DashboardFile {
  readonly path: string
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Files, styles and requests of our own origin alone; images of QR codes come as data. Where users sign in at a provider,
 * their codes become tokens there.
 */
export const pagePolicy = (provider?: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    provider === undefined ? "connect-src 'self'" : `connect-src 'self' ${new URL(provider).origin}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Undefined where it was not built. */
export const readDashboard = async (folder: URL): Promise<Dashboard | undefined> => {
  const page = await readFile(new URL('index.html', folder)).catch(ifMissing)
  if (page === undefined) return undefined
  const names = await readdir(new URL('assets/', folder))
  const files = names.map(async (name): Promise<DashboardFile> => ({
    path: `/assets/${name}`,
    body: await readFile(new URL(`assets/${name}`, folder)),
    headers: {
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      // The name holds a digest of the content.
      'cache-control': 'public, max-age=31536000, immutable',
    },
  }))
  return { page, files: await Promise.all(files) }
}

const ifMissing = (error: unknown): undefined => {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
