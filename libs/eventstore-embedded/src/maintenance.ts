import type { SqliteDatabase } from './store/database.ts'
import { scavenge } from './store/scavenge.ts'

export type ScavengeReport = (result: { deleted: number } | { error: unknown }) => void

/** Stops after the step in hand. */
class Stopped extends Error {}

/** Scavenges again and again, one at a time, until it is stopped. */
export function scavengeRegularly(database: SqliteDatabase, everyMs: number, report: ScavengeReport) {
  let stopped = false
  let running: Promise<void> | undefined
  const pause = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    if (stopped) throw new Stopped()
  }
  const run = async () => {
    try {
      report({ deleted: await scavenge(database, pause) })
    } catch (error) {
      if (!(error instanceof Stopped)) report({ error })
    } finally {
      running = undefined
    }
  }
  const timer = setInterval(() => {
    running ??= run()
  }, everyMs)
  return async () => {
    stopped = true
    clearInterval(timer)
    await running
  }
}
