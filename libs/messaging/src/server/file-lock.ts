// A lock between processes of one machine: a file with the owner's pid; a lock whose owner is gone is broken.
import { readFile, rename, rm, writeFile } from 'node:fs/promises'

import { pause } from '../wait.ts'

const POLL_MS = 200
const PATIENCE_MS = 5 * 60_000

/** Runs the work while no other process runs its own under the same file. */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await take(path))) {
    if (performance.now() > deadline) throw new Error(`${path} is held by another process: delete it if not`)
    await pause(POLL_MS)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    await breakIfAbandoned(path)
    return false
  }
}

async function breakIfAbandoned(path: string): Promise<void> {
  const owner = Number(await readFile(path, 'utf8').catch(() => ''))
  // An empty file is one that is being written just now.
  if (owner === 0 || isAlive(owner)) return
  // Renamed first: of two processes that find it abandoned only one can move it away.
  const grave = `${path}.${process.pid}`
  await rename(path, grave).catch(() => undefined)
  await rm(grave, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
