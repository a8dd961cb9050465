/** Runs the server as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { controlClient } from './door/control-client.ts'
import type { WhatsAppServer } from './server.ts'
import type { WhatsAppServerOptions } from './settings.ts'

export interface SpawnedWhatsAppServer extends WhatsAppServer {
  readonly pid: number
  /** SIGKILL, and the wait for the end. */
  kill(): Promise<void>
}

export type SpawnOptions = Omit<WhatsAppServerOptions, 'receipts'>

const START_MS = 20_000
const PRINTED_LINES = 3

/** Starts the server as a child process, which ends when this process does. */
export async function spawnWhatsAppServer(options: SpawnOptions = {}): Promise<SpawnedWhatsAppServer> {
  const program = join(import.meta.dirname, 'main.ts')
  const child = spawn(process.execPath, [program, '--stop-with-parent', ...argumentsOf(options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw await new Promise<Error>((resolve) => child.once('error', resolve))
  const [url = '', controlUrl = '', rootCa = ''] = await printedBy(child)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  const { mediaCa } = await controlClient(controlUrl).trust()
  return { url, controlUrl, rootCa, mediaCa, pid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

function argumentsOf(options: SpawnOptions): string[] {
  const valued = {
    port: options.port ?? 0,
    'control-port': options.controlPort ?? 0,
    data: options.dataDir,
    seed: options.seed,
    'scan-delay': options.scanDelayMs,
  }
  const flags = {
    fast: options.fast === true,
    'no-auto-scan': options.autoScan === false,
    'companion-refresh': options.companionRefresh === true,
  }
  return [
    ...Object.entries(valued).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, String(value)],
    ),
    ...Object.entries(flags).flatMap(([name, isSet]) => (isSet ? [`--${name}`] : [])),
  ]
}

/** The lines that the server prints when it is ready; what it says on the way to its end becomes the error. */
async function printedBy(child: ChildProcess): Promise<string[]> {
  const complaints: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (complaints.length < 100) complaints.push(text)
  })
  return new Promise((resolve, reject) => {
    const lines: string[] = []
    const fail = (reason: string) => {
      clearTimeout(deadline)
      child.kill('SIGKILL')
      reject(new Error(`the WhatsApp test server did not start: ${reason} ${complaints.join('')}`.trim()))
    }
    const deadline = setTimeout(() => fail(`nothing within ${START_MS} ms`), START_MS)
    child.once('exit', (code, signal) => fail(`it ended with ${code ?? signal ?? ''}`))
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (lines.push(line) !== PRINTED_LINES) return
      clearTimeout(deadline)
      resolve(lines)
    })
  })
}
