// A real nats-server as a child process, for local runs and tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connectNats } from '../connection.ts'
import { pause } from '../wait.ts'
import { obtainNatsServer } from './obtain-server.ts'

const GiB = 1024 ** 3

export interface NatsServerOptions {
  /** Where JetStream keeps its files; a temporary folder, removed at the end, if none is given. */
  readonly storeDir?: string
  /** Default 0: a free one. */
  readonly port?: number
  /** What the streams on disk may reserve together; default 10 GiB. */
  readonly maxFileStoreBytes?: number
  /** What the streams in memory may reserve together; default 1 GiB. */
  readonly maxMemoryStoreBytes?: number
  /** Told what is being obtained, if nats-server is not there yet. */
  readonly log?: (line: string) => void
  /** Lines of configuration besides: accounts and users. The start then waits for a listener alone. */
  readonly configuration?: string
  /** Member of a cluster: needs a name of its own and the routes of all. */
  readonly cluster?: ClusterMember
}

export interface ClusterMember {
  readonly serverName: string
  readonly clusterPort: number
  readonly routes: readonly string[]
}

/** A real nats-server process with JetStream. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  readonly storeDir: string
  /** Of the present process: another one after each start. */
  readonly pid: number
  /** Ends the process in good order. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same port and store. */
  restart(): Promise<void>
  /** Reads its configuration again, with these lines besides. */
  reload(configuration: string): Promise<void>
  /** SIGSTOP: alive and silent, until `thaw`. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** Stops it and removes a temporary store. */
  dispose(): Promise<void>
}

/** Starts nats-server on 127.0.0.1 and waits until JetStream answers (a member of a cluster: until it listens). */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const program = await obtainNatsServer(options.log === undefined ? {} : { log: options.log })
  const temporary = options.storeDir === undefined
  const storeDir = options.storeDir ?? (await mkdtemp(join(tmpdir(), 'nats-')))
  await mkdir(storeDir, { recursive: true })
  const server = new NatsServerProcess(program, storeDir, temporary, options)
  try {
    await server.start()
  } catch (error) {
    await server.dispose()
    throw error
  }
  return server
}

class NatsServerProcess implements NatsServer {
  readonly storeDir: string
  readonly #program: string
  readonly #temporary: boolean
  readonly #options: NatsServerOptions
  readonly #endWithUs = () => this.#child?.kill('SIGKILL')
  #port: number
  #configuration: string
  #child: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()

  constructor(program: string, storeDir: string, temporary: boolean, options: NatsServerOptions) {
    this.#program = program
    this.storeDir = storeDir
    this.#temporary = temporary
    this.#options = options
    this.#port = options.port ?? 0
    this.#configuration = options.configuration ?? ''
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  async start(): Promise<void> {
    const ports = join(this.storeDir, 'ports')
    await rm(ports, { recursive: true, force: true })
    await mkdir(ports)
    const config = await this.#writeConfiguration(this.#port)
    const log = await open(this.#logFile, 'w')
    const child = spawn(this.#program, ['-c', config], { stdio: ['ignore', log.fd, log.fd] })
    this.#child = child
    this.#exited = once(child, 'exit').finally(() => process.off('exit', this.#endWithUs))
    process.on('exit', this.#endWithUs)
    await log.close()
    this.#port = await this.#listening(child, ports)
    if (this.#options.cluster === undefined && this.#options.configuration === undefined)
      await this.#answering(child)
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async reload(configuration: string): Promise<void> {
    this.#configuration = configuration
    const child = this.#child
    if (child === undefined) return
    const before = await this.#reloads()
    await this.#writeConfiguration(this.#options.port ?? 0)
    child.kill('SIGHUP')
    await this.#until(child, 'reload', async () => ((await this.#reloads()) > before ? true : undefined))
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async dispose(): Promise<void> {
    await this.stop()
    if (this.#temporary) await rm(this.storeDir, { recursive: true, force: true })
  }

  get #logFile(): string {
    return join(this.storeDir, 'nats-server.log')
  }

  async #writeConfiguration(port: number): Promise<string> {
    const file = join(this.storeDir, 'nats-server.conf')
    const options = { ...this.#options, configuration: this.#configuration }
    await writeFile(file, configurationText(this.storeDir, port, join(this.storeDir, 'ports'), options))
    return file
  }

  async #reloads(): Promise<number> {
    return (await readFile(this.#logFile, 'utf8')).split('Reloaded server configuration').length
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    child.kill('SIGCONT')
    const hard = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await this.#exited
    clearTimeout(hard)
  }

  /** The server writes the port that it took into a file. */
  async #listening(child: ChildProcess, folder: string): Promise<number> {
    return this.#until(child, 'listen', async () => {
      const [file] = await readdir(folder)
      if (file === undefined) return undefined
      const written = await readFile(join(folder, file), 'utf8')
      const port = /"nats":\s*\[\s*"nats:\/\/[^"]*:(\d+)"/.exec(written)?.[1]
      return port === undefined ? undefined : Number(port)
    })
  }

  async #answering(child: ChildProcess): Promise<void> {
    const nats = await connectNats({ url: this.url, name: 'start' })
    try {
      await this.#until(child, 'answer', () =>
        nats.request('$JS.API.INFO').then(
          () => true,
          () => undefined,
        ),
      )
    } finally {
      await nats.close()
    }
  }

  async #until<T>(child: ChildProcess, what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + 30_000
    while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
      const result = await attempt()
      if (result !== undefined) return result
      await pause(25)
    }
    const log = await readFile(this.#logFile, 'utf8').catch(() => '')
    throw new Error(`nats-server did not ${what}:\n${log.split('\n').slice(-15).join('\n')}`)
  }
}

function configurationText(
  storeDir: string,
  port: number,
  portsFolder: string,
  options: NatsServerOptions & { readonly configuration: string },
): string {
  const lines = [
    'host: "127.0.0.1"',
    `port: ${port === 0 ? -1 : port}`,
    `ports_file_dir: ${JSON.stringify(portsFolder)}`,
    'max_payload: 8MB',
    'jetstream {',
    `  store_dir: ${JSON.stringify(storeDir)}`,
    `  max_file_store: ${options.maxFileStoreBytes ?? 10 * GiB}`,
    `  max_memory_store: ${options.maxMemoryStoreBytes ?? 1 * GiB}`,
    '}',
  ]
  if (options.configuration !== '') lines.push(options.configuration)
  if (options.cluster === undefined) return lines.join('\n')
  const { serverName, clusterPort, routes } = options.cluster
  lines.push(
    `server_name: ${serverName}`,
    'cluster {',
    '  name: local',
    `  listen: "127.0.0.1:${clusterPort}"`,
  )
  lines.push(`  routes: [${routes.map((route) => JSON.stringify(route)).join(', ')}]`, '}')
  return lines.join('\n')
}
