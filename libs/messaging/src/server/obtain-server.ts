// Where a nats-server comes from: NATS_SERVER_BIN, the PATH, `.cache`, else Debian's package or the release archive.
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { access, chmod, constants, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

import { isAtLeast } from '../server-version.ts'
import { withFileLock } from './file-lock.ts'

const run = promisify(execFile)
const CACHE = join(import.meta.dirname, '../../../../.cache/nats-server')
const CACHED = join(CACHE, 'nats-server')

/** Older ones lack the semantics that this library builds on. */
const OLDEST = [2, 9, 10] as const

/** The release that is fetched where there is no Debian package, with the checksums that its publisher gives. */
const RELEASE = '2.10.29'
const RELEASE_SHA256: Readonly<Record<string, string>> = {
  'linux-x64': 'e314da74a83a1d3876db8814c27eb990fe729640fd6452025b441bcede8390da',
  'linux-arm64': 'da4b27942ecfb4c5f0c54553d2e7f470ddda9d7581cfe8131b351a0e223ed401',
}

const BY_HAND =
  `nats-server >= ${OLDEST.join('.')} is needed and could not be obtained. Install it (Debian and Ubuntu: ` +
  'apt-get install nats-server; macOS: brew install nats-server; else https://nats.io/download) so that it is on ' +
  'the PATH, or name the program in NATS_SERVER_BIN.'

export interface ObtainOptions {
  readonly log?: (line: string) => void
}

/** The path of a nats-server: the one named, installed or cached, else obtained into `.cache`, once for all processes. */
export async function obtainNatsServer(options: ObtainOptions = {}): Promise<string> {
  const named = process.env['NATS_SERVER_BIN']
  if (named !== undefined && named !== '') return checked(named)
  const known = (await installed()) ?? (await usable(CACHED))
  if (known !== undefined) return known
  await mkdir(CACHE, { recursive: true })
  return withFileLock(join(CACHE, 'lock'), async () => {
    const obtainedMeanwhile = await usable(CACHED)
    return obtainedMeanwhile ?? obtain(options.log ?? (() => undefined))
  })
}

async function checked(program: string): Promise<string> {
  const usableProgram = await usable(program)
  if (usableProgram === undefined) {
    throw new Error(`NATS_SERVER_BIN: ${program} is not a nats-server >= ${OLDEST.join('.')}`)
  }
  return usableProgram
}

/** On the PATH, or where Debian puts it (`/usr/sbin` is often not on a user's PATH). */
async function installed(): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), '/usr/sbin']
  for (const folder of folders) {
    const found = await usable(join(folder, 'nats-server'))
    if (found !== undefined) return found
  }
  return undefined
}

async function usable(program: string): Promise<string | undefined> {
  try {
    await access(program, constants.X_OK)
    const { stdout } = await run(program, ['--version'], { timeout: 10_000 })
    return isAtLeast(stdout, OLDEST) ? program : undefined
  } catch {
    return undefined
  }
}

async function obtain(log: (line: string) => void): Promise<string> {
  const folder = join(CACHE, `tmp-${randomUUID()}`)
  await mkdir(folder)
  try {
    const program = (await fromDebian(folder, log)) ?? (await fromRelease(folder, log))
    if (program === undefined || (await usable(program)) === undefined) throw new Error(BY_HAND)
    await rename(program, CACHED)
    return CACHED
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** `apt-get download` and `dpkg-deb -x` need no root; the package lists do, and may be missing in a fresh container. */
async function fromDebian(folder: string, log: (line: string) => void): Promise<string | undefined> {
  if (process.platform !== 'linux' || !(await hasProgram('apt-get')) || !(await hasProgram('dpkg-deb')))
    return undefined
  log('Obtaining nats-server (Debian package, once) ...')
  try {
    await downloadPackage(folder)
    await run('sh', ['-c', 'dpkg-deb -x nats-server_*.deb unpacked'], { cwd: folder })
    return join(folder, 'unpacked/usr/sbin/nats-server')
  } catch (error) {
    log(`  not from Debian: ${firstLine(error)}`)
    return undefined
  }
}

async function downloadPackage(folder: string): Promise<void> {
  const download = () => run('apt-get', ['download', 'nats-server'], { cwd: folder, timeout: 120_000 })
  try {
    await download()
  } catch (error) {
    if (process.getuid?.() !== 0) throw error
    await run('apt-get', ['update'], { timeout: 180_000 })
    await download()
  }
}

async function fromRelease(folder: string, log: (line: string) => void): Promise<string | undefined> {
  const sha256 = RELEASE_SHA256[`${process.platform}-${process.arch}`]
  if (sha256 === undefined) return undefined
  const name = `nats-server-v${RELEASE}-linux-${process.arch === 'x64' ? 'amd64' : 'arm64'}`
  log(`Obtaining nats-server ${RELEASE} (release archive, once) ...`)
  const archive = await fetchRelease(`v${RELEASE}/${name}.tar.gz`).catch((error: unknown) => {
    log(`  not from the release: ${firstLine(error)}`)
    return undefined
  })
  if (archive === undefined) return undefined
  const actual = createHash('sha256').update(archive).digest('hex')
  if (actual !== sha256) throw new Error(`${name}.tar.gz has checksum ${actual}, not ${sha256}: not used`)
  await writeFile(join(folder, 'archive.tar.gz'), archive)
  await run('tar', ['-xzf', 'archive.tar.gz'], { cwd: folder })
  const program = join(folder, name, 'nats-server')
  await chmod(program, 0o755)
  return program
}

async function fetchRelease(path: string): Promise<Buffer> {
  const url = `https://github.com/nats-io/nats-server/releases/download/${path}`
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) })
  if (!response.ok) throw new Error(`${url}: status ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

const hasProgram = (name: string): Promise<boolean> =>
  run(name, ['--version']).then(
    () => true,
    () => false,
  )

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
