import { openDatabase } from './database.ts'
import type { SqliteDatabase } from './database.ts'
import { EventReader } from './event-reader.ts'
import { EventWriter } from './event-writer.ts'
import { StreamStates } from './stream-states.ts'
import type { ExpectedRevision, NewEvent, WriteResult } from './types.ts'
import { WriteQueue } from './write-queue.ts'

/** What one transaction did. */
export type Commit = Readonly<{ writes: number; events: number; bytes: number; milliseconds: number }>

export type EventLogOptions = Readonly<{
  /** A path, or `:memory:`. */
  file: string
  onCommit?: (commit: Commit) => void
}>

/** A write that has not begun by `deadline` (milliseconds since 1970) is refused as too late. */
export type WriteRequest = Readonly<{ stream: string; expected: ExpectedRevision; deadline?: number }>

const CACHED_STREAMS = 10_000

/** A durable log of events in streams, in one order: one writer, any number of readers, on one SQLite file. */
export class EventLog {
  readonly file: string
  readonly read: EventReader
  readonly database: SqliteDatabase
  private readonly writer: EventWriter
  private readonly queue: WriteQueue
  private readonly waiting = new Set<() => void>()

  constructor(options: EventLogOptions) {
    this.file = options.file
    this.database = openDatabase(options.file)
    const streams = new StreamStates(this.database, CACHED_STREAMS)
    this.read = new EventReader(this.database, streams)
    this.writer = new EventWriter(this.database, streams)
    this.queue = new WriteQueue(this.database, {
      committed: (writes, milliseconds) => {
        const { events, bytes } = this.writer.committed()
        options.onCommit?.({ writes, events, bytes, milliseconds })
        if (events > 0) this.wakeReaders()
      },
      rolledBack: () => this.writer.rolledBack(),
    })
  }

  /** The newest position; 0 in an empty log. */
  get head(): number {
    return this.writer.head
  }

  /** Writes that wait for their transaction. */
  get queueLength(): number {
    return this.queue.length
  }

  append(request: WriteRequest, events: readonly NewEvent[]): Promise<WriteResult> {
    return this.write(request, () => this.writer.append(request.stream, request.expected, events))
  }

  softDelete(request: WriteRequest): Promise<WriteResult> {
    return this.write(request, () => this.writer.softDelete(request.stream, request.expected))
  }

  tombstone(request: WriteRequest): Promise<WriteResult> {
    return this.write(request, () => this.writer.tombstone(request.stream, request.expected))
  }

  /** Resolves when the log has an event after `position`, or when the signal aborts. */
  waitBeyond(position: number, signal: AbortSignal): Promise<void> {
    if (this.head > position || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.waiting.delete(wake)
        resolve()
      }
      this.waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  /** Commits what waits, empties the write-ahead log into the file and closes it. */
  close(): void {
    this.queue.close()
    this.database.pragma('wal_checkpoint(truncate)')
    this.database.close()
  }

  private write(request: WriteRequest, run: () => WriteResult): Promise<WriteResult> {
    const { deadline = Infinity } = request
    return this.queue.add(() => (Date.now() > deadline ? { outcome: 'too_late' } : run()))
  }

  private wakeReaders(): void {
    for (const wake of [...this.waiting]) wake()
  }
}
