// The sender as a child process, to be killed at any moment.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface SenderProcess {
  readonly pid: number | undefined
  readonly admin: string
  /** The lines that it logged. */
  readonly lines: readonly string[]
  signal(signal: NodeJS.Signals): void
  /** SIGKILL, and the wait for the end. */
  kill(): Promise<void>
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>
}

const START_MS = 90_000

/** Starts a sender and waits until it is ready. */
export const spawnSender = async (environment: Record<string, string>): Promise<SenderProcess> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.ts')], {
    env: { PATH: process.env['PATH'], ADMIN_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const admin = await startedAt(child, lines)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    return child.exitCode
  }
  return {
    pid: child.pid,
    admin,
    lines,
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      await end('SIGKILL')
    },
    stop: () => end('SIGTERM'),
  }
}

const startedAt = (child: ChildProcess, lines: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL')
      reject(new Error(`the sender did not start: ${why}\n${lines.join('\n')}`))
    }
    const timer = setTimeout(() => fail('no word in time'), START_MS)
    child.once('exit', (code) => fail(`exit ${String(code)}`))
    let rest = ''
    const read = (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      const started = parts.map((line) => /"admin":"([^"]+)".*"started"/.exec(line)?.[1]).find(Boolean)
      if (started === undefined) return
      clearTimeout(timer)
      resolve(started)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
  })
