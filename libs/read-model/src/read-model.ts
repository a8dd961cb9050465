// A read model: tables in a SQLite file, and how far in the events they are, changed together.
import { openReadModelFile, type ReadModelDatabase } from './read-model-file.ts'
import { PositionWaiters } from './position-waiters.ts'

/** Why the rows were thrown away: they are built again from the first event. */
export type DiscardReason = 'damaged' | 'otherVersion' | 'otherHistory'

export interface ReadModelOptions {
  /** The file, `:memory:`, or nothing for a temporary file that is gone at the close. One read model a file. */
  readonly file: string
  readonly name: string
  /** Another version in the file: its tables are dropped, and built again from the start. */
  readonly version: number
  /** The tables and indexes. */
  readonly schema: readonly string[]
  readonly onDiscarded?: (reason: DiscardReason) => void
}

/** The last event that went into the rows. */
export interface LastEvent {
  readonly id: string
  readonly position: bigint
}

export interface ReadModel {
  readonly name: string
  /** For prepared statements and queries. Write only inside `apply`. */
  readonly database: ReadModelDatabase
  /** The position up to which everything is in the rows; undefined when nothing is. */
  checkpoint(): bigint | undefined
  lastEvent(): LastEvent | undefined
  /**
   * Does the work and moves the checkpoint in one transaction. Returns false, with nothing done, when the checkpoint
   * is there or further already: applying twice is applying once.
   */
  apply(position: bigint, work: () => void, lastEvent?: LastEvent): boolean
  /** Resolves with true once the checkpoint is at `position`, with false when the time is up first. */
  waitForPosition(position: bigint, timeoutMs: number): Promise<boolean>
  /** Throws all rows away, to be built again from the first event. */
  discard(reason: DiscardReason): void
  close(): void
}

interface CheckpointRow {
  readonly position: bigint
  readonly event_id: string | null
  readonly event_position: bigint | null
}

const OWN_SCHEMA = `
  CREATE TABLE IF NOT EXISTS read_model (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), name TEXT NOT NULL, version INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS read_model_checkpoint (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), position INTEGER NOT NULL, event_id TEXT, event_position INTEGER
  ) STRICT;`

/** Opens a read model, empty when the file is new, damaged, or of another version. */
export const openReadModel = (options: ReadModelOptions): ReadModel => {
  const { file, name, onDiscarded } = options
  const database = openReadModelFile(file, () => onDiscarded?.('damaged'))
  try {
    prepareTables(database, options)
  } catch (error) {
    database.close()
    throw error
  }
  const waiters = new PositionWaiters()
  const checkpoint = checkpointIn(database)
  const applyInTransaction = database.transaction(
    (position: bigint, work: () => void, lastEvent: LastEvent | undefined): boolean => {
      const before = checkpoint.read()?.position
      if (before !== undefined && before >= position) return false
      work()
      checkpoint.write(position, lastEvent)
      return true
    },
  )
  const positionNow = () => checkpoint.read()?.position
  return {
    name,
    database,
    checkpoint: positionNow,
    lastEvent: () => lastEventOf(checkpoint.read()),
    apply: (position, work, lastEvent) => {
      const isApplied = applyInTransaction.immediate(position, work, lastEvent)
      if (isApplied) waiters.reached(position)
      return isApplied
    },
    waitForPosition: (position, timeoutMs) => waiters.wait(position, positionNow(), timeoutMs),
    discard: (reason) => {
      onDiscarded?.(reason)
      createAnew(database, options)
    },
    close: () => {
      waiters.giveUp()
      database.close()
    },
  }
}

const prepareTables = (database: ReadModelDatabase, options: ReadModelOptions): void => {
  const { name, version, onDiscarded } = options
  database.exec(OWN_SCHEMA)
  const found = database.prepare<[], { name: string; version: number }>('SELECT * FROM read_model').get()
  if (found !== undefined && found.name !== name) {
    throw new Error(`the file holds the read model ${found.name}, not ${name}`)
  }
  if (found?.version === version) return
  if (found !== undefined) onDiscarded?.('otherVersion')
  createAnew(database, options)
}

/** Drops everything and creates it again, in one transaction: a crash in the middle leaves what was there. */
const createAnew = (database: ReadModelDatabase, { name, version, schema }: ReadModelOptions): void => {
  // The order of dropping is free then; the pragma has no effect inside a transaction.
  database.pragma('foreign_keys = OFF')
  database
    .transaction(() => {
      for (const { type, name: object } of objectsIn(database))
        database.exec(`DROP ${type} IF EXISTS "${object}"`)
      database.exec(OWN_SCHEMA)
      for (const statement of schema) database.exec(statement)
      database.prepare('INSERT INTO read_model (only_row, name, version) VALUES (1, ?, ?)').run(name, version)
    })
    .immediate()
  database.pragma('foreign_keys = ON')
}

/** Indexes and triggers go with their tables; SQLite's own tables go with what made them. */
const objectsIn = (database: ReadModelDatabase) =>
  database
    .prepare<[], { type: string; name: string }>(
      `SELECT type, name FROM sqlite_master
       WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type DESC`,
    )
    .all()

const checkpointIn = (database: ReadModelDatabase) => {
  const select = database
    .prepare<[], CheckpointRow>('SELECT position, event_id, event_position FROM read_model_checkpoint')
    .safeIntegers()
  const upsert = database.prepare<[bigint, string | null, bigint | null]>(`
    INSERT INTO read_model_checkpoint (only_row, position, event_id, event_position) VALUES (1, ?, ?, ?)
    ON CONFLICT (only_row) DO UPDATE SET position = excluded.position,
      event_id = coalesce(excluded.event_id, event_id),
      event_position = coalesce(excluded.event_position, event_position)`)
  return {
    read: () => select.get(),
    write: (position: bigint, last: LastEvent | undefined) =>
      void upsert.run(position, last?.id ?? null, last?.position ?? null),
  }
}

const lastEventOf = (row: CheckpointRow | undefined): LastEvent | undefined => {
  if (row === undefined || row.event_id === null || row.event_position === null) return undefined
  return { id: row.event_id, position: row.event_position }
}
