import type { SqliteDatabase } from './database.ts'
import { firstReadableRevision, isSoftDeleted } from './stream-states.ts'
import type { StreamStates } from './stream-states.ts'
import { DELETED_REVISION } from './types.ts'
import type { EventKey, RecordedEvent, StreamKey, StreamStatus } from './types.ts'

type EventRow = [
  position: number,
  stream: string,
  revision: number,
  created: number,
  id: string,
  type: string,
  isJson: number,
  metadata: Uint8Array,
  data: Uint8Array,
]

/** How much of the events' bodies a reader holds at a time. */
const BATCH = { events: 64, bytes: 256 * 1024 }

type KeyScan = [from: number, limit: number]
type StreamScan = [streamId: number, from: number, to: number, limit: number]

/**
 * Reads by position in two steps: pages of small keys, then the bodies in small batches when somebody is ready
 * for them. So a reader costs the same memory whatever the events' size and however slowly it reads.
 */
export class EventReader {
  private readonly streams: StreamStates
  private readonly selectEvents
  private readonly selectKeysForwards
  private readonly selectKeysBackwards
  private readonly selectStreamForwards
  private readonly selectStreamBackwards

  constructor(database: SqliteDatabase, streams: StreamStates) {
    this.streams = streams
    const joined = 'from events e join streams s on s.id = e.stream_id'
    const keys = `select e.position, s.name as stream, e.type ${joined}`
    const inStream = 'select position, revision from events where stream_id = ? and revision between ? and ?'
    this.selectEvents = database
      .prepare<[positions: string], EventRow>(
        'select e.position, s.name, e.revision, e.created, e.id, e.type, e.is_json, e.metadata, e.data ' +
          'from json_each(?) wanted cross join events e on e.position = wanted.value ' +
          'join streams s on s.id = e.stream_id',
      )
      .raw()
    this.selectKeysForwards = database.prepare<KeyScan, EventKey>(
      `${keys} where e.position >= ? order by e.position limit ?`,
    )
    this.selectKeysBackwards = database.prepare<KeyScan, EventKey>(
      `${keys} where e.position <= ? order by e.position desc limit ?`,
    )
    this.selectStreamForwards = database.prepare<StreamScan, StreamKey>(
      `${inStream} order by revision limit ?`,
    )
    this.selectStreamBackwards = database.prepare<StreamScan, StreamKey>(
      `${inStream} order by revision desc limit ?`,
    )
  }

  status(stream: string): StreamStatus {
    const state = this.streams.find(stream)
    if (state === undefined) return 'missing'
    if (state.tombstoned) return 'tombstoned'
    return state.lastRevision < 0 || isSoftDeleted(state) ? 'missing' : 'readable'
  }

  /** -1 before the first event. */
  lastRevision(stream: string): number {
    return this.streams.find(stream)?.lastRevision ?? -1
  }

  /** Keys of a stream in rising order, from a revision on; what its metadata hides is left out. */
  streamKeysForwards(stream: string, from: number, limit: number): StreamKey[] {
    const state = this.streams.find(stream)
    if (state === undefined) return []
    const first = Math.max(from, firstReadableRevision(state))
    return this.selectStreamForwards.all(state.id, first, DELETED_REVISION - 1, limit)
  }

  /** Keys of a stream in falling order, from a revision down. */
  streamKeysBackwards(stream: string, from: number, limit: number): StreamKey[] {
    const state = this.streams.find(stream)
    if (state === undefined) return []
    const last = Math.min(from, state.lastRevision)
    return this.selectStreamBackwards.all(state.id, firstReadableRevision(state), last, limit)
  }

  /** Keys of the whole log in commit order, from a position on. */
  keysForwards(from: number, limit: number): EventKey[] {
    return this.selectKeysForwards.all(from, limit)
  }

  /** Keys of the whole log against commit order, from a position down. */
  keysBackwards(from: number, limit: number): EventKey[] {
    return this.selectKeysBackwards.all(from, limit)
  }

  /**
   * The events at the given positions, one answer for each, in their order; undefined when a scavenge took it.
   * They are read in batches, as the caller asks for more.
   */
  *events(positions: readonly number[]): Generator<RecordedEvent | undefined, undefined> {
    let done = 0
    while (done < positions.length) {
      const batch = this.batch(positions.slice(done, done + BATCH.events))
      done += batch.length
      yield* batch
    }
  }

  /** Whether the stream's `$maxAge` hides the event. */
  isTooOld(event: RecordedEvent): boolean {
    const maxAgeSeconds = this.streams.find(event.stream)?.metadata.maxAgeSeconds
    return maxAgeSeconds !== undefined && event.created < Date.now() - maxAgeSeconds * 1000
  }

  /** As many of the events, from the first on, as may be held at a time; one at least. */
  private batch(positions: readonly number[]): (RecordedEvent | undefined)[] {
    const batch: (RecordedEvent | undefined)[] = []
    let bytes = 0
    for (const row of this.selectEvents.iterate(JSON.stringify(positions))) {
      const event = eventOf(row)
      while (positions[batch.length] !== event.position) batch.push(undefined)
      batch.push(event)
      bytes += event.data.length + event.metadata.length
      if (bytes > BATCH.bytes) return batch
    }
    while (batch.length < positions.length) batch.push(undefined)
    return batch
  }
}

function eventOf(row: EventRow): RecordedEvent {
  const [position, stream, revision, created, id, type, isJson, metadata, data] = row
  return { position, stream, revision, created, id, type, isJson: isJson === 1, metadata, data }
}
