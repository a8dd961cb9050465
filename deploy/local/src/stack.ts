// The local stack: real servers and the four services as child processes, as `npm start` and the end-to-end tests run it.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { connectNats, type Log, obtainNatsServer } from '@peyk/messaging'

import { type Child, startChild } from './child.ts'
import {
  demandFree,
  lockData,
  type Ports,
  readPorts,
  readSecrets,
  type Secrets,
  serviceNames,
  type ServiceName,
  type StackFile,
  StartRefused,
  writeStackFile,
} from './data-folder.ts'
import { natsArguments } from './nats-config.ts'
import { startTerminalQr } from './terminal-qr.ts'
import { startTestPhone } from './test-phone.ts'

export interface StackOptions {
  readonly data: string
  /** The public port; campaign gets the next one, reporting the third after it. */
  readonly port: number
  /** The first of the four admin ports. */
  readonly adminBase: number
  readonly whatsapp: 'test' | 'live'
  readonly fast: boolean
  /** Servers of one's own instead of the embedded ones. */
  readonly eventstoreUrl?: string | undefined
  readonly natsUrl?: string | undefined
  /** Settings for every service, over those of the launcher. */
  readonly environment?: Readonly<Record<string, string>>
  /** Settings of one service, over all others: its own user of NATS. */
  readonly environmentOf?: (name: ServiceName) => Readonly<Record<string, string>>
  /** Where the code of a service lies, if not here: an installation or a release of its own. */
  readonly rootOf?: (name: ServiceName) => string
  readonly onLine: (name: string, line: string) => void
  /** With the real WhatsApp: shows each QR code, drawn for a terminal, to whoever sits there. */
  readonly showQr?: ((drawing: string) => void) | undefined
  /** Ends a start that is under way; what was started is stopped again. */
  readonly signal?: AbortSignal
}

export interface Stack {
  readonly stack: () => StackFile
  stop(): Promise<void>
}

const ROOT = join(import.meta.dirname, '../../..')
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 28_000

/** So that it stays small while it serves readers of millions of events. */
const EVENTSTORE_MEMORY = ['--max-semi-space-size=4', '--max-old-space-size=256']

export const startStack = async (options: StackOptions): Promise<Stack> => {
  if (options.fast && options.whatsapp === 'live')
    throw new StartRefused('--fast would get a real number banned; it works with --whatsapp test only')
  const unlock = await lockData(options.data)
  const running = new RunningStack(options)
  try {
    await Promise.race([running.start(), running.refused, whenAborted(options.signal)])
  } catch (error) {
    await running.stop()
    await unlock()
    throw error
  }
  return {
    stack: () => running.file,
    stop: async () => {
      await running.stop()
      await unlock()
    },
  }
}

const whenAborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new StartRefused('the start was stopped')), { once: true })
  })

/** Everything that was started, to be stopped in the opposite order. */
class RunningStack {
  /** Rejects when a service refused its settings; starting it again would not help. */
  readonly refused: Promise<never>
  readonly #options: StackOptions
  readonly #servers: Child[] = []
  readonly #services: Child[] = []
  readonly #phone = new AbortController()
  #file: StackFile | undefined
  #written: Promise<void> = Promise.resolve()
  #closePhone: () => Promise<void> = () => Promise.resolve()
  readonly #refuse: (reason: Error) => void

  constructor(options: StackOptions) {
    this.#options = options
    const { promise, reject } = Promise.withResolvers<never>()
    this.refused = promise
    this.#refuse = reject
    // Nobody waits for it once the stack runs.
    promise.catch(() => undefined)
  }

  get file(): StackFile {
    if (this.#file === undefined) throw new TypeError('the stack has not started (stack 1)')
    return this.#file
  }

  async start(): Promise<void> {
    const options = this.#options
    const [ports, secrets] = await Promise.all([readPorts(options.data), readSecrets(options.data)])
    await demandPorts(options, ports)
    this.#file = fileOf(options, ports)
    const start = (name: ServiceName, rootCa?: string) =>
      this.#startService(name, serviceEnvironment(options, this.file, secrets, rootCa, name))
    // Services wait for their servers by themselves, and take the longest to load. The sender's WhatsApp gives its key.
    for (const name of serviceNames) if (name !== 'sender') start(name)
    await Promise.all([
      this.#startNats(ports),
      this.#startEventStore(ports),
      this.#startWhatsApp(ports).then((rootCa) => start('sender', rootCa)),
    ])
    await this.#watchQrCodes()
    await Promise.all(serviceNames.map((name) => untilReady(name, this.file.admin[name])))
    await this.#written
  }

  async stop(): Promise<void> {
    this.#phone.abort()
    await this.#closePhone()
    await Promise.all(this.#services.map((child) => child.stop(STOP_TIMEOUT_MS)))
    for (const child of this.#servers.reverse()) await child.stop(STOP_TIMEOUT_MS)
    await this.#written
  }

  #child(name: keyof StackFile['pids'], program: string, args: readonly string[], environment = {}): Child {
    return startChild(
      { name, program, arguments: args, environment },
      {
        onLine: this.#options.onLine,
        onStart: (_name, pid) => this.#remember({ [name]: pid }),
        onRefused: (_name, lines) =>
          this.#refuse(new StartRefused(`${name} refused its settings:\n${lines.slice(-8).join('\n')}`)),
      },
    )
  }

  #remember(pids: StackFile['pids']): void {
    const file = { ...this.file, pids: { ...this.file.pids, ...pids } }
    this.#file = file
    this.#written = this.#written.then(() => writeStackFile(this.#options.data, file))
  }

  async #startNats(ports: Ports): Promise<void> {
    const { data, natsUrl, onLine } = this.#options
    if (natsUrl !== undefined) return
    const program = await obtainNatsServer({ log: (line) => onLine('nats', line) })
    const child = this.#child('nats', program, await natsArguments(join(data, 'nats'), ports.nats))
    this.#servers.push(child)
    await child.line(/Server is ready/, START_TIMEOUT_MS)
  }

  async #startEventStore(ports: Ports): Promise<void> {
    const { data, eventstoreUrl } = this.#options
    if (eventstoreUrl !== undefined) return
    const folder = join(data, 'eventstore')
    await mkdir(folder, { recursive: true })
    const main = join(ROOT, 'libs/eventstore-embedded/src/main.ts')
    const child = this.#child('eventstore', process.execPath, [
      ...EVENTSTORE_MEMORY,
      main,
      '--port',
      String(ports.eventstore),
      '--data',
      folder,
    ])
    this.#servers.push(child)
    await child.line(/^esdb:/, START_TIMEOUT_MS)
  }

  /** Returns the key that clients of the test server have to trust. */
  async #startWhatsApp(ports: Ports): Promise<string | undefined> {
    const { data, whatsapp, fast } = this.#options
    if (whatsapp === 'live') return undefined
    const main = join(ROOT, 'libs/whatsapp-testserver/src/main.ts')
    const child = this.#child('whatsapp', process.execPath, [
      main,
      ...['--port', String(ports.whatsapp), '--control-port', String(ports.whatsappControl)],
      ...['--data', join(data, 'whatsapp')],
      ...(fast ? ['--fast'] : []),
    ])
    this.#servers.push(child)
    const line = await child.line(ROOT_KEY, START_TIMEOUT_MS)
    return ROOT_KEY.exec(line)?.[1]
  }

  #startService(name: ServiceName, environment: Readonly<Record<string, string>>): void {
    const root = this.#options.rootOf?.(name) ?? ROOT
    const register = join(root, 'libs/service-kit/src/telemetry/register.ts')
    const main = join(root, 'services', name, 'src/main.ts')
    this.#services.push(this.#child(name, process.execPath, ['--import', register, main], environment))
  }

  /** They go to the phone of the test server, or to the terminal. */
  async #watchQrCodes(): Promise<void> {
    const { onLine, showQr } = this.#options
    const { whatsappControl: controlUrl, ...urls } = this.file.urls
    if (controlUrl === undefined && showQr === undefined) return
    const log = phoneLog(onLine)
    const nats = await connectNats({ url: urls.nats, name: 'qr-codes', log })
    this.#closePhone = () => nats.close()
    if (controlUrl !== undefined) startTestPhone({ nats, controlUrl, log }, this.#phone.signal)
    else if (showQr !== undefined) startTerminalQr({ nats, show: showQr, log }, this.#phone.signal)
  }
}

/** The test server's root key, alone on its line or behind its name. */
const ROOT_KEY = /^(?:.*\s)?([A-Za-z0-9+/]{43}=)$/

const phoneLog = (onLine: StackOptions['onLine']): Log => {
  const say = (_fields: object, message: string) => onLine('phone', message)
  return { debug: () => undefined, info: say, warn: say, error: say }
}

const demandPorts = async (options: StackOptions, ports: Ports): Promise<void> => {
  const { port, adminBase } = options
  const wanted: [number, string, string][] = [
    [port, 'the gateway', '--port'],
    [port + 1, 'campaign', '--port'],
    [port + 3, 'reporting', '--port'],
    ...serviceNames.map((name, index): [number, string, string] => [
      adminBase + index,
      `${name} (admin)`,
      '--admin-base',
    ]),
    ...Object.entries(ports).map(([name, each]): [number, string, string] => [
      Number(each),
      name,
      '--data with another folder',
    ]),
  ]
  for (const [each, name, option] of wanted) await demandFree(each, name, option)
}

const fileOf = (
  { port, adminBase, whatsapp, natsUrl, eventstoreUrl }: StackOptions,
  ports: Ports,
): StackFile => {
  const admin = (index: number) => `http://127.0.0.1:${adminBase + index}`
  return {
    urls: {
      public: `http://localhost:${port}`,
      nats: natsUrl ?? `nats://127.0.0.1:${ports.nats}`,
      eventstore: eventstoreUrl ?? `esdb://127.0.0.1:${ports.eventstore}?tls=false`,
      ...(whatsapp === 'test'
        ? {
            whatsapp: `ws://127.0.0.1:${ports.whatsapp}/ws/chat`,
            whatsappControl: `http://127.0.0.1:${ports.whatsappControl}`,
          }
        : {}),
    },
    admin: { gateway: admin(0), campaign: admin(1), sender: admin(2), reporting: admin(3) },
    pids: {},
  }
}

const FAST = { PACING_MIN_INTERVAL: '0.01s', PACING_CAPS: 'off', RATE_LIMITS: 'off', FIRST_SEND_DELAY: '0s' }

const serviceEnvironment = (
  options: StackOptions,
  { urls, admin }: StackFile,
  secrets: Secrets,
  rootCa: string | undefined,
  name: ServiceName,
): Readonly<Record<string, string>> => {
  const { port } = options
  const internal = { campaign: port + 1, reporting: port + 3 }
  const portOf: Partial<Record<ServiceName, number>> = { gateway: port, ...internal }
  return {
    NATS_URL: urls.nats,
    EVENTSTORE_URL: urls.eventstore,
    DATA_DIR: join(options.data, name),
    AUTH_MODE: 'local',
    JWT_SECRET: secrets.jwtSecret,
    ADMIN_PORT: new URL(admin[name]).port,
    PUBLIC_PORT: String(port),
    PORT: String(portOf[name] ?? 0),
    CAMPAIGN_URL: `http://127.0.0.1:${internal.campaign}`,
    REPORTING_URL: `http://127.0.0.1:${internal.reporting}`,
    CREDENTIALS_KEYS: secrets.credentialsKeys,
    WS_DRAIN_SPREAD: '0.5s',
    ...(urls.whatsapp === undefined ? {} : { WHATSAPP_URL: urls.whatsapp }),
    ...(rootCa === undefined ? {} : { WHATSAPP_ROOT_CA: rootCa }),
    ...(options.fast ? FAST : {}),
    ...options.environment,
    ...options.environmentOf?.(name),
  }
}

const POLL_MS = 50

const untilReady = async (name: string, url: string): Promise<void> => {
  const deadline = performance.now() + START_TIMEOUT_MS
  let last = 'no answer'
  while (performance.now() < deadline) {
    try {
      const answer = await fetch(`${url}/readyz`)
      if (answer.ok) return
      last = await answer.text()
    } catch (error) {
      last = String(error)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`${name} is not ready: ${last}`)
}
