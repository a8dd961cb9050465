import { join } from 'node:path'

import { parseCommandLine, USAGE, UsageError } from './command-line.ts'
import type { Command } from './command-line.ts'
import { startEventStoreServer } from './start.ts'
import { backup } from './store/backup.ts'
import { DATABASE_FILE, openDatabase } from './store/database.ts'
import { scavenge } from './store/scavenge.ts'

/** A stop that takes longer than this is cut short. */
const STOP_MS = 10_000

/** Runs the server or one of its commands; the exit code tells a bad command line and a failure from success. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  try {
    await run(parseCommandLine(args))
  } catch (error) {
    if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${USAGE}`)
    else report('the event store cannot go on', error)
    process.exitCode = 2
  }
}

async function run(command: Command): Promise<void> {
  switch (command.name) {
    case 'serve':
      return serve(command)
    case 'scavenge':
      return runScavenge(command.dataDir)
    case 'backup':
      backup(command.dataDir, command.target)
      process.stdout.write(`${command.target}\n`)
      return
    case 'help':
      process.stdout.write(USAGE)
  }
}

async function serve({ options, stopWithParent }: Extract<Command, { name: 'serve' }>): Promise<void> {
  const server = await startEventStoreServer({ ...options, onProblem: report })
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), STOP_MS).unref()
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        report('the stop failed', error)
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop)
  if (stopWithParent) process.stdin.on('end', stop).on('error', stop).resume()
  process.stdout.write(`${server.url}\n`)
}

async function runScavenge(dataDir: string): Promise<void> {
  const database = openDatabase(join(dataDir, DATABASE_FILE), { mustExist: true })
  try {
    const deleted = await scavenge(database, () => new Promise((resolve) => setImmediate(resolve)))
    process.stdout.write(`${JSON.stringify({ deleted })}\n`)
  } finally {
    database.close()
  }
}

/** One line of JSON on standard error. */
function report(message: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${JSON.stringify({ level: 'error', time: Date.now(), message, reason })}\n`)
}
