import type { SqliteDatabase } from './database.ts'
import { metadataStreamOf, parseMetadata, streamOfMetadata } from './stream-metadata.ts'
import type { StreamMetadata } from './stream-metadata.ts'
import { DELETED_REVISION } from './types.ts'

/** What the server knows of a stream without reading its events. `lastRevision` is -1 before the first. */
export type StreamState = {
  readonly id: number
  readonly name: string
  lastRevision: number
  tombstoned: boolean
  metadata: StreamMetadata
  rawMetadata: Uint8Array | undefined
}

type StreamRow = { id: number; name: string; last_revision: number; tombstoned: number }

/** A metadata stream keeps its newest event only. */
const OF_METADATA_STREAMS: StreamMetadata = { maxCount: 1 }

/**
 * The streams' states: a bounded cache over the table `streams`, which is the truth. Every change is saved in the
 * transaction that makes it, so forgetting a state, or all of them after a rollback, is always safe.
 */
export class StreamStates {
  private newer = new Map<string, StreamState>()
  private older = new Map<string, StreamState>()
  private readonly cacheSize: number
  private readonly selectStream
  private readonly insertStream
  private readonly updateStream
  private readonly selectData

  constructor(database: SqliteDatabase, cacheSize: number) {
    this.cacheSize = cacheSize
    this.selectStream = database.prepare<[string], StreamRow>(
      'select id, name, last_revision, tombstoned from streams where name = ?',
    )
    this.insertStream = database.prepare<[string]>('insert into streams(name, last_revision) values (?, -1)')
    this.updateStream = database.prepare<[number, number, number]>(
      'update streams set last_revision = ?, tombstoned = ? where id = ?',
    )
    this.selectData = database.prepare<[number, number], { data: Uint8Array }>(
      'select data from events where stream_id = ? and revision = ?',
    )
  }

  find(name: string): StreamState | undefined {
    const cached = this.newer.get(name)
    if (cached !== undefined) return cached
    const state = this.older.get(name) ?? this.load(name)
    if (state !== undefined) this.cache(state)
    return state
  }

  findOrCreate(name: string): StreamState {
    const found = this.find(name)
    if (found !== undefined) return found
    const { lastInsertRowid } = this.insertStream.run(name)
    const row = { id: Number(lastInsertRowid), name, last_revision: -1, tombstoned: 0 }
    const state = this.stateOf(row)
    this.cache(state)
    return state
  }

  save(state: StreamState): void {
    this.updateStream.run(state.lastRevision, state.tombstoned ? 1 : 0, state.id)
  }

  forgetAll(): void {
    this.newer.clear()
    this.older.clear()
  }

  private load(name: string): StreamState | undefined {
    const row = this.selectStream.get(name)
    return row === undefined ? undefined : this.stateOf(row)
  }

  private stateOf(row: StreamRow): StreamState {
    const rawMetadata = this.metadataOf(row.name)
    const isMetadataStream = streamOfMetadata(row.name) !== undefined
    return {
      id: row.id,
      name: row.name,
      lastRevision: row.last_revision,
      tombstoned: row.tombstoned === 1,
      metadata: isMetadataStream ? OF_METADATA_STREAMS : parseMetadata(rawMetadata),
      rawMetadata,
    }
  }

  private metadataOf(name: string): Uint8Array | undefined {
    if (streamOfMetadata(name) !== undefined) return undefined
    const row = this.selectStream.get(metadataStreamOf(name))
    return row === undefined ? undefined : this.selectData.get(row.id, row.last_revision)?.data
  }

  private cache(state: StreamState): void {
    if (this.newer.size >= this.cacheSize) {
      this.older = this.newer
      this.newer = new Map()
    }
    this.newer.set(state.name, state)
  }
}

/** Deleted, but may be written again: its numbering goes on. */
export function isSoftDeleted(state: StreamState): boolean {
  return state.metadata.truncateBefore === DELETED_REVISION
}

/** The first revision that the stream's metadata lets anyone read, age apart. */
export function firstReadableRevision(state: StreamState): number {
  const { maxCount, truncateBefore = 0 } = state.metadata
  const byCount = maxCount === undefined ? 0 : state.lastRevision - maxCount + 1
  return Math.max(0, byCount, truncateBefore)
}
