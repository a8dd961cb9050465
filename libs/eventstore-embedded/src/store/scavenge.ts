import type { SqliteDatabase } from './database.ts'
import { metadataStreamOf, streamOfMetadata } from './stream-metadata.ts'
import { firstReadableRevision, StreamStates } from './stream-states.ts'
import { DELETED_REVISION } from './types.ts'

/** Work done at a stretch: streams looked at, events deleted, pages given back. Writers wait no longer than that. */
const STEP = { streams: 200, events: 500, pages: 500 }

const TRUNCATE_ATTEMPTS = 20

/**
 * Takes out of the file what nobody may read any more: events of deleted streams, and what `$maxCount`, `$maxAge`
 * and `$tb` hide. Their bytes are overwritten, their pages leave the file, and the write-ahead log is emptied.
 * It runs in small steps beside the writer, in the server's process or in another one, and `pause` parts them.
 * Positions are never given twice: the newest one is written down before its event may go.
 */
export async function scavenge(database: SqliteDatabase, pause: () => Promise<void>): Promise<number> {
  const scavenger = new Scavenger(database)
  let deleted = 0
  for (const name of scavenger.streams()) {
    for (;;) {
      const step = scavenger.deleteUnreadable(name)
      deleted += step
      if (step > 0) await pause()
      if (step < STEP.events) break
    }
  }
  while (scavenger.freePages() > 0) {
    database.pragma(`incremental_vacuum(${STEP.pages})`)
    await pause()
  }
  await truncateLog(database, pause)
  return deleted
}

class Scavenger {
  private readonly database: SqliteDatabase
  private readonly states: StreamStates
  private readonly selectMetadataStreams
  private readonly selectTombstoned
  private readonly rememberHead
  private readonly eraseRevisions
  private readonly deleteRevisions
  private readonly eraseOld
  private readonly deleteOld
  private readonly inTransaction

  constructor(database: SqliteDatabase) {
    this.database = database
    this.states = new StreamStates(database, STEP.streams)
    this.selectMetadataStreams = database
      .prepare<[string, number], string>(
        "select name from streams where name > ? and name < '$%' order by name limit ?",
      )
      .pluck()
    this.selectTombstoned = database.prepare<[number, number], { id: number; name: string }>(
      'select id, name from streams where tombstoned = 1 and id > ? order by id limit ?',
    )
    this.rememberHead = database.prepare(
      "insert into settings(name, value) select 'head', max(position) from events where true " +
        'on conflict do update set value = max(value, excluded.value)',
    )
    const revisions =
      'select position from events where stream_id = ? and revision < ? order by revision limit ?'
    this.eraseRevisions = database.prepare<[number, number, number]>(eraseWhere(revisions))
    this.deleteRevisions = database.prepare<[number, number, number]>(deleteWhere(revisions))
    const old =
      'select position from (select position, created from events ' +
      'where stream_id = ? and revision < ? order by revision limit ?) where created < ?'
    this.eraseOld = database.prepare<[number, number, number, number]>(eraseWhere(old))
    this.deleteOld = database.prepare<[number, number, number, number]>(deleteWhere(old))
    this.inTransaction = database.transaction((name: string) => this.deleteStep(name))
  }

  /** The streams that may hold something unreadable: those with metadata, their metadata, and tombstoned ones. */
  *streams(): Generator<string> {
    let after = '$$'
    for (;;) {
      const names = this.selectMetadataStreams.all(after, STEP.streams)
      for (const name of names) yield* [name, streamOfMetadata(name) ?? name]
      after = names.at(-1) ?? after
      if (names.length < STEP.streams) break
    }
    let lastId = 0
    for (;;) {
      const rows = this.selectTombstoned.all(lastId, STEP.streams)
      for (const row of rows) yield* [row.name, metadataStreamOf(row.name)]
      lastId = rows.at(-1)?.id ?? lastId
      if (rows.length < STEP.streams) return
    }
  }

  /** One step of one stream, in a transaction of its own; how many events it deleted. */
  deleteUnreadable(name: string): number {
    return this.inTransaction.immediate(name)
  }

  freePages(): number {
    return Number(this.database.pragma('freelist_count', { simple: true }))
  }

  private deleteStep(name: string): number {
    this.states.forgetAll()
    const state = this.states.find(name)
    if (state === undefined) return 0
    const described = streamOfMetadata(name)
    const isGone =
      state.tombstoned || (described !== undefined && this.states.find(described)?.tombstoned === true)
    const firstKept = isGone ? DELETED_REVISION : Math.min(firstReadableRevision(state), DELETED_REVISION)
    this.rememberHead.run()
    this.eraseRevisions.run(state.id, firstKept, STEP.events)
    const { changes } = this.deleteRevisions.run(state.id, firstKept, STEP.events)
    const { maxAgeSeconds } = state.metadata
    if (changes > 0 || maxAgeSeconds === undefined) return changes
    const oldest = Date.now() - maxAgeSeconds * 1000
    this.eraseOld.run(state.id, DELETED_REVISION, STEP.events, oldest)
    return this.deleteOld.run(state.id, DELETED_REVISION, STEP.events, oldest).changes
  }
}

/**
 * Writes zeros of the same length in the place of what an event says. A deletion alone would not do: where SQLite
 * joins half-empty pages it moves the neighbours' bytes about, and `secure_delete` does not clean what that leaves.
 */
function eraseWhere(positions: string): string {
  return (
    'update events set data = zeroblob(length(data)), metadata = zeroblob(length(metadata)), ' +
    `type = cast(zeroblob(length(cast(type as blob))) as text) where position in (${positions})`
  )
}

function deleteWhere(positions: string): string {
  return `delete from events where position in (${positions})`
}

/** The write-ahead log still holds what was deleted, until it is emptied; a reader at work delays that. */
async function truncateLog(database: SqliteDatabase, pause: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < TRUNCATE_ATTEMPTS; attempt += 1) {
    if (checkpointIsComplete(database.pragma('wal_checkpoint(truncate)'))) return
    await pause()
  }
  throw new Error('the write-ahead log could not be emptied: another process keeps reading it')
}

/** The pragma answers one row: whether it was kept from finishing. */
function checkpointIsComplete(rows: unknown): boolean {
  const first: unknown = Array.isArray(rows) ? rows[0] : undefined
  return typeof first === 'object' && first !== null && 'busy' in first && first.busy === 0
}
