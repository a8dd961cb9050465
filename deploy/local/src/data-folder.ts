// The folder of a local stack: its lock, its secrets, its ports, and what it tells of itself.
import { randomBytes, randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'

/** The start cannot go on; its message is for the person who typed the command. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
}

const lockFile = (data: string) => join(data, 'run', 'lock')

/** One stack a folder. A lock of a process that is gone is taken over. */
export const lockData = async (data: string): Promise<() => Promise<void>> => {
  await mkdir(join(data, 'run'), { recursive: true })
  const file = lockFile(data)
  const write = () => writeFile(file, String(process.pid), { flag: 'wx' })
  try {
    await write()
  } catch {
    const owner = Number(await readFile(file, 'utf8').catch(() => '0'))
    if (isAlive(owner))
      throw new StartRefused(`${data} is in use by process ${owner}; use another folder with --data`)
    await rm(file, { force: true })
    await write()
  }
  return () => rm(file, { force: true })
}

const isAlive = (pid: number): boolean => {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Empties the folder, if it is one of ours: anything else is not ours to delete. */
export const cleanData = async (data: string): Promise<void> => {
  if (!existsSync(data)) return
  const isEmpty = (await readdir(data)).length === 0
  if (!isEmpty && !existsSync(join(data, 'run')))
    throw new StartRefused(`${data} is no folder of Peyk; it is not deleted`)
  const owner = Number(await readFile(lockFile(data), 'utf8').catch(() => '0'))
  if (isAlive(owner)) throw new StartRefused(`${data} is in use by process ${owner}`)
  await rm(data, { recursive: true, force: true })
}

export interface Secrets {
  readonly jwtSecret: string
  /** `<id>:<base64>,...`: the first encrypts, all decrypt. */
  readonly credentialsKeys: string
}

/** Made once, readable by their owner alone. */
export const readSecrets = async (data: string): Promise<Secrets> => ({
  jwtSecret: await secret(data, 'jwt-secret', () => randomBytes(48).toString('base64url')),
  credentialsKeys: await secret(data, 'credentials-keys', () => `k1:${randomBytes(32).toString('base64')}`),
})

/** Puts a new key before the others, and answers its id. The next start takes it. */
export const addCredentialsKey = async (data: string): Promise<string> => {
  const { credentialsKeys } = await readSecrets(data)
  const id = `k${credentialsKeys.split(',').length + 1}`
  const file = join(data, 'secrets', 'credentials-keys')
  const next = `${file}.next`
  await writeFile(next, `${id}:${randomBytes(32).toString('base64')},${credentialsKeys}`, { mode: 0o600 })
  await rename(next, file)
  return id
}

const secret = async (data: string, name: string, make: () => string): Promise<string> => {
  const file = join(data, 'secrets', name)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeFile(file, make(), { flag: 'wx', mode: 0o600 })
  } catch {
    // It was there before.
  }
  return readFile(file, 'utf8')
}

export interface Ports {
  readonly nats: number
  readonly eventstore: number
  readonly whatsapp: number
  readonly whatsappControl: number
}

/** Free ones, chosen once: a restart keeps the addresses. */
export const readPorts = async (data: string): Promise<Ports> => {
  const file = join(data, 'run', 'ports.json')
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Ports
  const [nats, eventstore, whatsapp, whatsappControl] = await freePorts(4)
  const ports = {
    nats: nats ?? 0,
    eventstore: eventstore ?? 0,
    whatsapp: whatsapp ?? 0,
    whatsappControl: whatsappControl ?? 0,
  }
  await writeFile(file, JSON.stringify(ports))
  return ports
}

/** Below the ports that systems hand out to connections, since one of these could be taken while a server restarts. */
const freePorts = async (count: number): Promise<readonly number[]> => {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(10_000, 32_000)
    const server = await listenOn(port).catch(() => undefined)
    if (server === undefined) continue
    await new Promise((resolve) => server.close(resolve))
    ports.add(port)
  }
  return [...ports]
}

const listenOn = (port: number) =>
  new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })

/** Ends the start with the port's name and the option that moves it. */
export const demandFree = async (port: number, name: string, option: string): Promise<void> => {
  try {
    const server = await listenOn(port)
    await new Promise((resolve) => server.close(resolve))
  } catch (error) {
    throw new StartRefused(`port ${port} of ${name} is taken; choose another with ${option}`, {
      cause: error,
    })
  }
}

/** What other programs read about a running stack. */
export interface StackFile {
  readonly urls: Readonly<Record<'public' | 'nats' | 'eventstore', string>> & {
    readonly whatsapp?: string
    readonly whatsappControl?: string
  }
  readonly admin: Readonly<Record<ServiceName, string>>
  readonly pids: Readonly<Partial<Record<ServiceName | 'nats' | 'eventstore' | 'whatsapp', number>>>
}
export type ServiceName = 'gateway' | 'campaign' | 'sender' | 'reporting'
export const serviceNames: readonly ServiceName[] = ['gateway', 'campaign', 'sender', 'reporting']

export const stackFile = (data: string): string => join(data, 'run', 'stack.json')

/** Whole or not at all. */
export const writeStackFile = async (data: string, stack: StackFile): Promise<void> => {
  const file = stackFile(data)
  await writeFile(`${file}.new`, `${JSON.stringify(stack, undefined, 2)}\n`)
  await rename(`${file}.new`, file)
}
