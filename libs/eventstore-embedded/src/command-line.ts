import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import type { EventStoreServerOptions } from './start.ts'

export const USAGE = `Usage:
  npm run eventstore -- --port N (--data DIR | --memory) [options]   run the server (port 0: a free one)
  npm run eventstore -- scavenge --data DIR                         take deleted data out of the file now
  npm run eventstore -- backup --data DIR --to FILE                 copy the log into a new file

Options of the server:
  --host H                    address to bind, default 127.0.0.1; any other than loopback needs a password
  --user U --password-file F  who may call; needs TLS
  --tls-cert F --tls-key F    certificate and key, PEM
  --admin-port N              serve /livez, /readyz and /metrics
  --scavenge-minutes N        how often deleted data is taken out of the file, default 60, 0 never
  --stop-with-parent          stop when standard input ends
`

/** A command line that makes no sense; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export type Command =
  | Readonly<{ name: 'serve'; options: EventStoreServerOptions; stopWithParent: boolean }>
  | Readonly<{ name: 'scavenge'; dataDir: string }>
  | Readonly<{ name: 'backup'; dataDir: string; target: string }>
  | Readonly<{ name: 'help' }>

const OPTIONS = {
  port: { type: 'string' },
  data: { type: 'string' },
  memory: { type: 'boolean' },
  host: { type: 'string' },
  user: { type: 'string' },
  'password-file': { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'admin-port': { type: 'string' },
  'scavenge-minutes': { type: 'string' },
  'stop-with-parent': { type: 'boolean' },
  to: { type: 'string' },
  help: { type: 'boolean' },
} as const

type Values = Partial<Record<keyof typeof OPTIONS, string | boolean>>

/** Reads the command line; the files it names are read here too. */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  if (values.help === true) return { name: 'help' }
  const [name = 'serve', ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`unexpected: ${rest.join(' ')}`)
  switch (name) {
    case 'serve':
      return { name, options: serverOptions(values), stopWithParent: values['stop-with-parent'] === true }
    case 'scavenge':
      return { name, dataDir: requireText(values, 'data') }
    case 'backup':
      return { name, dataDir: requireText(values, 'data'), target: requireText(values, 'to') }
    default:
      throw new UsageError(`unknown command "${name}"`)
  }
}

function parse(args: readonly string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function serverOptions(values: Values): EventStoreServerOptions {
  const dataDir = text(values, 'data')
  if ((dataDir === undefined) !== (values.memory === true)) throw new UsageError('say --data DIR or --memory')
  const host = text(values, 'host')
  const adminPort = wholeNumber(values, 'admin-port', 65_535)
  const minutes = wholeNumber(values, 'scavenge-minutes', 24 * 60)
  return {
    port: wholeNumber(values, 'port', 65_535) ?? missing('port'),
    ...(dataDir !== undefined && { dataDir }),
    ...(host !== undefined && { host }),
    ...(adminPort !== undefined && { adminPort }),
    ...(minutes !== undefined && { scavengeEveryMs: minutes * 60_000 }),
    ...securityOptions(values),
  }
}

function securityOptions(values: Values): Pick<EventStoreServerOptions, 'credentials' | 'tls'> {
  const user = text(values, 'user')
  const passwordFile = text(values, 'password-file')
  const certificate = text(values, 'tls-cert')
  const key = text(values, 'tls-key')
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw new UsageError('--user and --password-file go together')
  }
  if ((certificate === undefined) !== (key === undefined)) {
    throw new UsageError('--tls-cert and --tls-key go together')
  }
  return {
    ...(user !== undefined &&
      passwordFile !== undefined && { credentials: { user, password: passwordIn(passwordFile) } }),
    ...(certificate !== undefined &&
      key !== undefined && { tls: { certificate: read(certificate), key: read(key) } }),
  }
}

/** The file's first line; an empty password protects nothing. */
function passwordIn(file: string): string {
  const [password = ''] = read(file).toString('utf8').split(/\r?\n/)
  if (password === '') throw new UsageError(`${file} holds no password`)
  return password
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new UsageError(`${file} cannot be read`, { cause })
  }
}

function text(values: Values, name: keyof Values): string | undefined {
  const value = values[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function requireText(values: Values, name: keyof Values): string {
  return text(values, name) ?? missing(name)
}

function missing(name: string): never {
  throw new UsageError(`--${name} is missing`)
}

function wholeNumber(values: Values, name: keyof Values, max: number): number | undefined {
  const value = text(values, name)
  if (value === undefined) return undefined
  const number = Number(value)
  if (!/^\d+$/.test(value) || number > max) throw new UsageError(`--${name} is a whole number up to ${max}`)
  return number
}
