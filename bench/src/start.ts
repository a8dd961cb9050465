// How long `npm start` takes until Peyk is ready, from an empty folder, and again with what is there.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { report } from './report.ts'

const ROUNDS = 3
const ROOT = join(import.meta.dirname, '../..')

export const run = async (): Promise<void> => {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const data = await mkdtemp(join(tmpdir(), 'peyk-bench-start-'))
    try {
      for (const folder of ['empty', 'used'])
        report(`npm start, ${folder} folder, round ${round}`, await secondsUntilReady(data), 's')
    } finally {
      await rm(data, { recursive: true })
    }
  }
}

const secondsUntilReady = async (data: string): Promise<number> => {
  const startedAt = performance.now()
  const child = spawn(
    'npm',
    ['start', '--', '--fast', '--data', data, '--port', '24100', '--admin-base', '24110'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    },
  )
  // Closed when the last process of the stack has let go of it, which npm itself does not wait for.
  const closed = once(child, 'close')
  const ready = Promise.withResolvers<number>()
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      if (line.startsWith('Peyk is ready')) ready.resolve((performance.now() - startedAt) / 1_000)
    })
    .once('close', () => ready.reject(new Error('npm start ended before Peyk was ready')))
  const seconds = await ready.promise
  // The group: npm does not hand on every signal.
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
  await closed
  return seconds
}
