import type { SqliteDatabase } from './database.ts'
import { firstReadableRevision, isSoftDeleted } from './stream-states.ts'
import type { StreamState, StreamStates } from './stream-states.ts'
import { DELETED_REVISION } from './types.ts'
import type { EventKey, RecordedEvent, StreamKey, StreamStatus } from './types.ts'

type EventRow = {
  position: number
  stream: string
  revision: number
  created: number
  id: string
  type: string
  isJson: number
  metadata: Uint8Array
  data: Uint8Array
}

type KeyScan = [from: number, limit: number]
type StreamScan = [streamId: number, from: number, to: number, limit: number]

/**
 * Reads by position in two steps: pages of small keys, then one body at a time when somebody is ready for it.
 * So a reader costs the same memory whatever the events' size and however slowly it reads.
 */
export class EventReader {
  private readonly streams: StreamStates
  private readonly selectEvent
  private readonly selectKeysForwards
  private readonly selectKeysBackwards
  private readonly selectStreamForwards
  private readonly selectStreamBackwards

  constructor(database: SqliteDatabase, streams: StreamStates) {
    this.streams = streams
    const joined = 'from events e join streams s on s.id = e.stream_id'
    const keys = `select e.position, s.name as stream, e.type ${joined}`
    const inStream = 'select position, revision from events where stream_id = ? and revision between ? and ?'
    this.selectEvent = database.prepare<[number], EventRow>(
      'select e.position, s.name as stream, e.revision, e.created, e.id, e.type, e.is_json as isJson, ' +
        `e.metadata, e.data ${joined} where e.position = ?`,
    )
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

  /** The event at a position; undefined when a scavenge took it. */
  event(position: number): RecordedEvent | undefined {
    const row = this.selectEvent.get(position)
    return row === undefined ? undefined : { ...row, isJson: row.isJson === 1 }
  }

  /** As `event`, and undefined too when the stream's `$maxAge` hides it. */
  streamEvent(stream: string, position: number): RecordedEvent | undefined {
    const event = this.event(position)
    const state = this.streams.find(stream)
    if (event === undefined || state === undefined) return undefined
    return isTooOld(state, event) ? undefined : event
  }
}

function isTooOld(state: StreamState, event: RecordedEvent): boolean {
  const { maxAgeSeconds } = state.metadata
  return maxAgeSeconds !== undefined && event.created < Date.now() - maxAgeSeconds * 1000
}
