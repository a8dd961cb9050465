import { DELETED_REVISION } from '../store/types.ts'
import type { EventKey, RecordedEvent, StreamKey } from '../store/types.ts'
import { identifierOf, numberFromWire, streamNameOf } from './codec.ts'
import { streamDeleted } from './errors.ts'
import { keyFilterOf } from './filter.ts'
import { streams } from './protocol.ts'
import type { Streams } from './protocol.ts'
import { deliverEvents, PAGE_SIZE } from './reading.ts'
import type { Reading } from './reading.ts'

/** A way through the log: pages of keys from a place on, where the next page begins, and what is delivered. */
type Scan<Key> = Readonly<{
  page: (from: number, limit: number) => readonly Key[]
  after: (key: Key) => number
  isWanted?: (key: Key) => boolean
  isHidden?: (event: RecordedEvent) => boolean
}>

/** Reads a stream, from a revision (inclusive) to its end or beginning. */
export async function readStream(reading: Reading): Promise<void> {
  const { context, options, outlet } = reading
  const { read: reader } = context.log
  const source = options.getStream()
  const stream = streamNameOf(source?.getStreamIdentifier())
  const status = reader.status(stream)
  if (status === 'tombstoned') throw streamDeleted(stream)
  if (status === 'missing') {
    await outlet.send(streamNotFound(stream))
    return
  }
  const isHidden = (event: RecordedEvent) => reader.isTooOld(event)
  const from = startOf(source, () => numberFromWire(source?.getRevision() ?? '0'))
  const scan: Scan<StreamKey> = isBackwards(options)
    ? {
        page: (at, limit) => reader.streamKeysBackwards(stream, at, limit),
        after: (key) => key.revision - 1,
        isHidden,
      }
    : {
        page: (at, limit) => reader.streamKeysForwards(stream, at, limit),
        after: (key) => key.revision + 1,
        isHidden,
      }
  await deliverAll(reading, scan, from)
}

/** Reads the log: forwards from a position inclusive, backwards from it exclusive. */
export async function readAll(reading: Reading): Promise<void> {
  const { context, options } = reading
  const { read: reader } = context.log
  const source = options.getAll()
  const filter = options.getFilter()
  const filtered = filter === undefined ? {} : { isWanted: keyFilterOf(filter) }
  const from = startOf(source, () => numberFromWire(source?.getPosition()?.getCommitPosition() ?? '0'))
  const scan: Scan<EventKey> = isBackwards(options)
    ? { page: (at, limit) => reader.keysBackwards(at - 1, limit), after: (key) => key.position, ...filtered }
    : { page: (at, limit) => reader.keysForwards(at, limit), after: (key) => key.position + 1, ...filtered }
  await deliverAll(reading, scan, from)
}

async function deliverAll<Key extends StreamKey | EventKey>(
  reading: Reading,
  scan: Scan<Key>,
  from: number,
): Promise<void> {
  const { options, outlet } = reading
  const { isWanted } = scan
  let left = Number(options.getCount())
  let at = from
  while (left > 0 && outlet.isOpen()) {
    const limit = isWanted === undefined ? Math.min(left, PAGE_SIZE) : PAGE_SIZE
    const keys = scan.page(at, limit)
    const wanted = isWanted === undefined ? keys : keys.filter(isWanted).slice(0, left)
    left -= await deliverEvents(reading, wanted, scan.isHidden)
    const last = keys.at(-1)
    if (last === undefined || keys.length < limit) return
    at = scan.after(last)
    await outlet.takeTurns()
  }
}

type Start = Readonly<{ hasStart(): boolean; hasEnd(): boolean }>

function startOf(source: Start | undefined, place: () => number): number {
  if (source === undefined || source.hasStart()) return 0
  return source.hasEnd() ? DELETED_REVISION : place()
}

function isBackwards(options: Streams.ReadReq.Options): boolean {
  return options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
}

function streamNotFound(stream: string): Streams.ReadResp {
  const message = new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream))
  return new streams.ReadResp().setStreamNotFound(message)
}
