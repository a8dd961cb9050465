/**
 * What the log stores and answers. Positions and revisions are whole numbers up to 2^53 - 1, which JavaScript
 * holds exactly and SQLite stores as 64-bit integers; the wire's larger ones are cut at the door (`grpc/codec.ts`).
 */

/** The revision of the marker that ends a tombstoned stream, and the `$tb` of a deleted one (2^63 - 1 on the wire). */
export const DELETED_REVISION = Number.MAX_SAFE_INTEGER

/** What a writer expects the stream to be: an exact last revision, or one of three states. */
export type ExpectedRevision = number | 'any' | 'no_stream' | 'stream_exists'

export type NewEvent = Readonly<{
  id: string
  type: string
  isJson: boolean
  data: Uint8Array
  metadata: Uint8Array
}>

export type RecordedEvent = NewEvent &
  Readonly<{ position: number; stream: string; revision: number; created: number }>

/** An event's place in the log, enough to decide whether its body is wanted. */
export type EventKey = Readonly<{ position: number; stream: string; type: string }>

/** An event's place in its stream. */
export type StreamKey = Readonly<{ position: number; revision: number }>

/** `revision` is -1 when the stream has no event. */
export type WriteResult =
  | Readonly<{ outcome: 'written'; revision: number; position: number }>
  | Readonly<{ outcome: 'wrong_revision'; current: number }>
  | Readonly<{ outcome: 'stream_deleted' }>
  | Readonly<{ outcome: 'too_late' }>

export type StreamStatus = 'missing' | 'tombstoned' | 'readable'
