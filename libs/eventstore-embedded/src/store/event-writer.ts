import { randomUUID } from 'node:crypto'

import type { SqliteDatabase } from './database.ts'
import { RecentIds } from './recent-ids.ts'
import { isSoftDeleted } from './stream-states.ts'
import type { StreamState, StreamStates } from './stream-states.ts'
import { metadataStreamOf, parseMetadata, streamOfMetadata, withTruncateBefore } from './stream-metadata.ts'
import { DELETED_REVISION } from './types.ts'
import type { ExpectedRevision, NewEvent, WriteResult } from './types.ts'

type EventRow = [
  position: number,
  streamId: number,
  revision: number,
  created: number,
  id: string,
  type: string,
  isJson: number,
  metadata: Uint8Array,
  data: Uint8Array,
]

/** Ids remembered while the server runs, and how many of them a start reads back. */
const RECENT_IDS = { remembered: 100_000, readAtStart: 10_000 }

const NOTHING = new Uint8Array()
const STREAM_DELETED: WriteResult = { outcome: 'stream_deleted' }

/**
 * The rules of writing: expected revisions, repeated writes, deletion and coming back. Its methods run inside a
 * transaction of the write queue, one at a time; the tables are the truth and `rolledBack` forgets the rest.
 */
export class EventWriter {
  /** The newest position; 0 in an empty log. */
  head: number
  private headBefore: number
  private written = { events: 0, bytes: 0 }
  private readonly remembered: string[] = []
  private readonly recent = new RecentIds(RECENT_IDS.remembered)
  private readonly database: SqliteDatabase
  private readonly streams: StreamStates
  private readonly insertEvent
  private readonly selectId

  constructor(database: SqliteDatabase, streams: StreamStates) {
    this.database = database
    this.streams = streams
    this.insertEvent = database.prepare<EventRow>(
      'insert into events(position, stream_id, revision, created, id, type, is_json, metadata, data) ' +
        'values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.selectId = database.prepare<[number, number], { id: string; position: number }>(
      'select id, position from events where stream_id = ? and revision = ?',
    )
    this.head = readHead(database)
    this.headBefore = this.head
    this.rememberNewest()
  }

  /** What the transaction that ends now wrote. */
  committed(): Readonly<{ events: number; bytes: number }> {
    const { written } = this
    this.written = { events: 0, bytes: 0 }
    this.headBefore = this.head
    this.remembered.length = 0
    return written
  }

  rolledBack(): void {
    this.recent.forget(this.remembered)
    this.head = this.headBefore
    this.streams.forgetAll()
    this.committed()
  }

  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): WriteResult {
    const found = this.streams.find(stream)
    const refusal = this.judge(
      found,
      stream,
      expected,
      events.map((event) => event.id),
    )
    if (refusal !== undefined) return refusal
    if (events.length === 0) {
      return { outcome: 'written', revision: found?.lastRevision ?? -1, position: this.head }
    }
    const state = found ?? this.streams.findOrCreate(stream)
    const now = Date.now()
    const first = state.lastRevision + 1
    let position = this.head
    for (const event of events) position = this.put(state, event, now)
    const { lastRevision: revision } = state
    this.streams.save(state)
    this.afterAppend(state, events, first, now)
    return { outcome: 'written', revision, position }
  }

  /** Deletes a stream so that it may be written again later; the numbering will go on. */
  softDelete(stream: string, expected: ExpectedRevision): WriteResult {
    const found = this.streams.find(stream)
    const refusal = this.judge(found, stream, expected, [randomUUID()])
    if (refusal !== undefined) return refusal
    if (!this.exists(found, stream)) return { outcome: 'wrong_revision', current: -1 }
    const state = found ?? this.streams.findOrCreate(stream)
    state.rawMetadata = undefined
    const position = this.truncateBefore(state, DELETED_REVISION, Date.now())
    return { outcome: 'written', revision: state.lastRevision, position }
  }

  /** Deletes a stream for ever. */
  tombstone(stream: string, expected: ExpectedRevision): WriteResult {
    const refusal = this.judge(this.streams.find(stream), stream, expected, [randomUUID()])
    if (refusal !== undefined) return refusal
    const state = this.streams.findOrCreate(stream)
    const marker = {
      id: randomUUID(),
      type: '$streamDeleted',
      isJson: false,
      data: NOTHING,
      metadata: NOTHING,
    }
    const position = this.insert(state, DELETED_REVISION, marker, Date.now())
    state.tombstoned = true
    this.streams.save(state)
    return { outcome: 'written', revision: state.lastRevision, position }
  }

  /** Why the write must not be done, or the first answer when it was done before; undefined: do it. */
  private judge(
    state: StreamState | undefined,
    stream: string,
    expected: ExpectedRevision,
    ids: readonly string[],
  ): WriteResult | undefined {
    if (state?.tombstoned === true || this.speaksOfTombstoned(stream)) return STREAM_DELETED
    switch (expected) {
      case 'any':
        return this.findRepeated(state, ids)
      case 'stream_exists':
        if (state !== undefined && isSoftDeleted(state)) return STREAM_DELETED
        if (!this.exists(state, stream)) return { outcome: 'wrong_revision', current: -1 }
        return this.findRepeated(state, ids)
      case 'no_stream':
        return this.judgeExact(state, -1, ids)
      default:
        return this.judgeExact(state, expected, ids)
    }
  }

  private findRepeated(state: StreamState | undefined, ids: readonly string[]): WriteResult | undefined {
    if (state === undefined) return undefined
    let last: WriteResult | undefined
    for (const id of ids) {
      const known = this.recent.get(id)
      if (known?.stream !== state.name) {
        return last === undefined ? undefined : { outcome: 'wrong_revision', current: state.lastRevision }
      }
      last = { outcome: 'written', revision: known.revision, position: known.position }
    }
    return last
  }

  private judgeExact(
    state: StreamState | undefined,
    expected: number,
    ids: readonly string[],
  ): WriteResult | undefined {
    const current = state?.lastRevision ?? -1
    if (expected === current) return undefined
    const conflict: WriteResult = { outcome: 'wrong_revision', current }
    if (state === undefined || expected > current || ids.length === 0) return conflict
    const repeated = this.repeatedAfter(state, expected, ids)
    if (repeated.count === ids.length) {
      return { outcome: 'written', revision: expected + ids.length, position: repeated.position }
    }
    // A deleted stream counts as none, so what is new may begin it again.
    return repeated.count === 0 && expected === -1 && isSoftDeleted(state) ? undefined : conflict
  }

  /** How many of the ids, from the first on, stand right after the revision, and the position of the last. */
  private repeatedAfter(state: StreamState, revision: number, ids: readonly string[]) {
    let count = 0
    let position = -1
    for (const id of ids) {
      const stored = this.selectId.get(state.id, revision + 1 + count)
      if (stored?.id !== id) break
      count += 1
      position = stored.position
    }
    return { count, position }
  }

  /** Metadata written beside the events: a metadata stream changes its stream, a deleted stream comes back. */
  private afterAppend(state: StreamState, events: readonly NewEvent[], first: number, now: number): void {
    const describedStream = streamOfMetadata(state.name)
    if (describedStream === undefined) {
      if (isSoftDeleted(state)) this.truncateBefore(state, first, now)
      return
    }
    const described = this.streams.find(describedStream)
    if (described === undefined) return
    const wasDeleted = isSoftDeleted(described)
    described.rawMetadata = events.at(-1)?.data
    described.metadata = parseMetadata(described.rawMetadata)
    if (wasDeleted) this.truncateBefore(described, described.lastRevision + 1, now)
  }

  private truncateBefore(state: StreamState, revision: number, now: number): number {
    const data = withTruncateBefore(state.rawMetadata, revision)
    const metadataStream = this.streams.findOrCreate(metadataStreamOf(state.name))
    const event = { id: randomUUID(), type: '$metadata', isJson: true, data, metadata: NOTHING }
    const position = this.put(metadataStream, event, now)
    this.streams.save(metadataStream)
    state.rawMetadata = data
    state.metadata = parseMetadata(data)
    return position
  }

  private put(state: StreamState, event: NewEvent, now: number): number {
    const revision = state.lastRevision + 1
    const position = this.insert(state, revision, event, now)
    state.lastRevision = revision
    this.recent.add(event.id, { stream: state.name, revision, position })
    this.remembered.push(event.id)
    return position
  }

  private insert(state: StreamState, revision: number, event: NewEvent, now: number): number {
    const { id, type, isJson, metadata, data } = event
    const position = this.head + 1
    this.insertEvent.run(position, state.id, revision, now, id, type, isJson ? 1 : 0, metadata, data)
    this.head = position
    this.written.events += 1
    this.written.bytes += data.length + metadata.length
    return position
  }

  private exists(state: StreamState | undefined, stream: string): boolean {
    if (state !== undefined && state.lastRevision >= 0) return true
    return (this.streams.find(metadataStreamOf(stream))?.lastRevision ?? -1) >= 0
  }

  private speaksOfTombstoned(stream: string): boolean {
    const described = streamOfMetadata(stream)
    return described !== undefined && this.streams.find(described)?.tombstoned === true
  }

  private rememberNewest(): void {
    const newest = this.database
      .prepare<[number], { position: number; stream: string; revision: number; id: string }>(
        'select e.position, s.name as stream, e.revision, e.id from events e ' +
          'join streams s on s.id = e.stream_id order by e.position desc limit ?',
      )
      .all(RECENT_IDS.readAtStart)
    for (const { id, ...event } of newest.reverse()) this.recent.add(id, event)
  }
}

/** The newest position ever given: a scavenge may have taken the event itself. */
function readHead(database: SqliteDatabase): number {
  const row = database
    .prepare<[], { head: number }>(
      'select max(coalesce((select max(position) from events), 0), ' +
        "coalesce((select value from settings where name = 'head'), 0)) as head",
    )
    .get()
  return row?.head ?? 0
}
