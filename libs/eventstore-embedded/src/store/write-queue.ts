import type { SqliteDatabase } from './database.ts'

type Job = Readonly<{ run: () => void; settle: () => void; fail: (error: unknown) => void }>

/** A transaction takes in waiting writes for this long at most, so that readers get their turn. */
const MAX_TRANSACTION_MS = 15

/** What the queue tells its owner. */
export type WriteQueueEvents = Readonly<{
  /** The transaction's writes are on the disk; nobody has been answered yet. */
  committed: (writes: number, milliseconds: number) => void
  /** Nothing of the transaction happened: forget what was remembered of it. */
  rolledBack: () => void
}>

/**
 * Group commit. Writes that arrive while a transaction runs wait together and share the next one, and so its
 * one flush to the disk. A write is answered only after the commit; all of a failed transaction are refused.
 */
export class WriteQueue {
  private waiting: Job[] = []
  private scheduled = false
  private closed = false
  private readonly begin
  private readonly commit
  private readonly rollback
  private readonly database: SqliteDatabase
  private readonly events: WriteQueueEvents

  constructor(database: SqliteDatabase, events: WriteQueueEvents) {
    this.database = database
    this.events = events
    this.begin = database.prepare('begin immediate')
    this.commit = database.prepare('commit')
    this.rollback = database.prepare('rollback')
  }

  get length(): number {
    return this.waiting.length
  }

  /** Runs a write in the next transaction. */
  add<T>(write: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.closed) {
        reject(new Error('the log is closed'))
        return
      }
      let result: T
      this.waiting.push({
        run: () => (result = write()),
        settle: () => resolve(result),
        fail: (error) => reject(error instanceof Error ? error : new Error(String(error))),
      })
      this.schedule()
    })
  }

  /** Commits what waits, then refuses every later write. */
  close(): void {
    while (this.waiting.length > 0) this.flush()
    this.closed = true
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.flush()
      if (this.waiting.length > 0) this.schedule()
    })
  }

  private flush(): void {
    const started = performance.now()
    const taken: Job[] = []
    try {
      this.begin.run()
      for (const job of this.waiting) {
        if (taken.length > 0 && performance.now() - started > MAX_TRANSACTION_MS) break
        taken.push(job)
        job.run()
      }
      this.commit.run()
    } catch (error) {
      this.abandon(taken.length > 0 ? taken : [...this.waiting], error)
      return
    }
    this.waiting.splice(0, taken.length)
    this.events.committed(taken.length, performance.now() - started)
    for (const job of taken) job.settle()
  }

  private abandon(jobs: readonly Job[], error: unknown): void {
    if (this.database.inTransaction) this.rollback.run()
    this.waiting.splice(0, jobs.length)
    this.events.rolledBack()
    for (const job of jobs) job.fail(error)
  }
}
