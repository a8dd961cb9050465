import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type SpawnOptions = Readonly<{
  /** Where the events are kept; without it they live in memory. */
  dataDir?: string
  /** Default 0: a free one. */
  port?: number
  /** Further options of `npm run eventstore`. */
  args?: readonly string[]
}>

export type SpawnedEventStore = Readonly<{
  url: string
  pid: number
  /** A clean stop: SIGTERM, and the wait for the end. */
  stop: () => Promise<void>
  /** SIGKILL, and the wait for the end. */
  kill: () => Promise<void>
}>

const START_MS = 15_000

/**
 * The server needs little: streams' states and recent ids. The rest is garbage of the events that pass through, for
 * which V8 would take ever more room; with these limits it collects it early, and a reader of millions stays flat.
 */
const MEMORY = ['--max-semi-space-size=4', '--max-old-space-size=256']

/** Starts the server as a child process, which ends when this process does. */
export async function spawnEventStore(options: SpawnOptions = {}): Promise<SpawnedEventStore> {
  const { dataDir, port = 0, args = [] } = options
  const storage = dataDir === undefined ? ['--memory'] : ['--data', dataDir]
  const program = join(import.meta.dirname, 'main.ts')
  const child = spawn(
    process.execPath,
    [...MEMORY, program, '--port', String(port), ...storage, '--stop-with-parent', ...args],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  const { pid } = child
  if (pid === undefined) throw await spawnError(child)
  const url = await urlOf(child)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return { url, pid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

function spawnError(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve))
}

/** The URL that the server prints when it is ready; what it says on the way to its end becomes the error. */
async function urlOf(child: ReturnType<typeof spawn>): Promise<string> {
  const complaints: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints.push(text)
    if (complaints.length > 100) complaints.shift()
  })
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(deadline)
      child.kill('SIGKILL')
      reject(new Error(`the event store did not start: ${reason} ${complaints.join('')}`.trim()))
    }
    const deadline = setTimeout(() => fail(`nothing within ${START_MS} ms`), START_MS)
    child.once('exit', (code, signal) => fail(`it ended with ${code ?? signal ?? ''}`))
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('esdb://')) return
      clearTimeout(deadline)
      resolve(line)
    })
  })
}
