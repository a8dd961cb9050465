// A child process that is kept alive: its lines go to the log, and when it dies it is started again.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ChildDefinition {
  readonly name: string
  readonly program: string
  readonly arguments: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

export interface ChildOptions {
  readonly onLine: (name: string, line: string) => void
  /** Told at every start, with the new process' id. */
  readonly onStart: (name: string, pid: number) => void
  /** Told when it refused its settings (exit code 78), with its last lines: it is not started again. */
  readonly onRefused?: (name: string, lines: readonly string[]) => void
}

export interface Child {
  readonly name: string
  /** The first line that fits, of all that were printed or will be. */
  line(pattern: RegExp, timeoutMs: number): Promise<string>
  /** SIGTERM, then SIGKILL when the time is up. It is not started again. */
  stop(timeoutMs: number): Promise<void>
}

const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 10_000
/** A child that lived this long has started well: the next wait is short again. */
const STABLE_MS = 30_000
const KEPT_LINES = 50
/** `EX_CONFIG` of sysexits.h; services end with it when their settings are wrong. */
const EXIT_BAD_SETTINGS = 78

export const startChild = (definition: ChildDefinition, options: ChildOptions): Child =>
  new SupervisedChild(definition, options)

class SupervisedChild implements Child {
  readonly name: string
  readonly #definition: ChildDefinition
  readonly #options: ChildOptions
  readonly #lines: string[] = []
  readonly #listeners = new Set<(line: string) => void>()
  #child: ChildProcess | undefined
  #isStopping = false
  #waitMs = FIRST_WAIT_MS
  #again: NodeJS.Timeout | undefined

  constructor(definition: ChildDefinition, options: ChildOptions) {
    this.name = definition.name
    this.#definition = definition
    this.#options = options
    this.#start()
  }

  line(pattern: RegExp, timeoutMs: number): Promise<string> {
    const known = this.#lines.find((line) => pattern.test(line))
    if (known !== undefined) return Promise.resolve(known)
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        this.#listeners.delete(listener)
      }
      const listener = (line: string) => {
        if (!pattern.test(line)) return
        end()
        resolve(line)
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error(`${this.name} did not start:\n${this.#lines.slice(-15).join('\n')}`))
      }, timeoutMs)
      this.#listeners.add(listener)
    })
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#again)
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    child.kill('SIGCONT')
    const hard = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    await gone
    clearTimeout(hard)
  }

  #start(): void {
    const { program, arguments: args, environment } = this.#definition
    const startedAt = performance.now()
    const child = spawn(program, [...args], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => this.#heard(line))
    child.once('error', (error) => this.#heard(`cannot be started: ${error.message}`))
    child.once('close', (code, signal) => {
      if (code === EXIT_BAD_SETTINGS) this.#options.onRefused?.(this.name, this.#lines)
      else this.#ended(signal ?? String(code), performance.now() - startedAt)
    })
    if (child.pid !== undefined) this.#options.onStart(this.name, child.pid)
  }

  #ended(how: string, livedMs: number): void {
    if (this.#isStopping) return
    if (livedMs > STABLE_MS) this.#waitMs = FIRST_WAIT_MS
    this.#heard(`ended (${how}), starting again in ${this.#waitMs / 1_000} s`)
    this.#again = setTimeout(() => this.#start(), this.#waitMs)
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2)
  }

  #heard(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > KEPT_LINES) this.#lines.shift()
    for (const listener of [...this.#listeners]) listener(line)
    this.#options.onLine(this.name, line)
  }
}
