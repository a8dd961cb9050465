import { DELETED_REVISION } from '../store/types.ts'
import type { EventKey, RecordedEvent, StreamKey } from '../store/types.ts'
import { identifierOf, numberFromWire, streamNameOf } from './codec.ts'
import { streamDeleted } from './errors.ts'
import { keyFilterOf } from './filter.ts'
import { streams } from './protocol.ts'
import type { Streams } from './protocol.ts'
import { PAGE_SIZE } from './reading.ts'
import type { Reading } from './reading.ts'

/** A way through the log: pages of keys from a place on, and the event of a key if it is to be delivered. */
type Scan<Key> = Readonly<{
  page: (from: number) => readonly Key[]
  after: (key: Key) => number
  event: (key: Key) => RecordedEvent | undefined
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
  const event = (key: StreamKey) => reader.streamEvent(stream, key.position)
  const from = startOf(source, () => numberFromWire(source?.getRevision() ?? '0'))
  const scan: Scan<StreamKey> = isBackwards(options)
    ? {
        event,
        after: (key) => key.revision - 1,
        page: (at) => reader.streamKeysBackwards(stream, at, PAGE_SIZE),
      }
    : {
        event,
        after: (key) => key.revision + 1,
        page: (at) => reader.streamKeysForwards(stream, at, PAGE_SIZE),
      }
  await deliverAll(reading, scan, from)
}

/** Reads the log: forwards from a position inclusive, backwards from it exclusive. */
export async function readAll(reading: Reading): Promise<void> {
  const { context, options } = reading
  const { read: reader } = context.log
  const source = options.getAll()
  const filter = options.getFilter()
  const isWanted = filter === undefined ? () => true : keyFilterOf(filter)
  const event = (key: EventKey) => (isWanted(key) ? reader.event(key.position) : undefined)
  const from = startOf(source, () => numberFromWire(source?.getPosition()?.getCommitPosition() ?? '0'))
  const scan: Scan<EventKey> = isBackwards(options)
    ? { event, after: (key) => key.position, page: (at) => reader.keysBackwards(at - 1, PAGE_SIZE) }
    : { event, after: (key) => key.position + 1, page: (at) => reader.keysForwards(at, PAGE_SIZE) }
  await deliverAll(reading, scan, from)
}

async function deliverAll<Key>(reading: Reading, scan: Scan<Key>, from: number): Promise<void> {
  const { options, outlet, deliver } = reading
  let left = Number(options.getCount())
  let at = from
  while (left > 0 && outlet.isOpen()) {
    const keys = scan.page(at)
    for (const key of keys) {
      at = scan.after(key)
      const event = scan.event(key)
      if (event === undefined) continue
      const drained = deliver(event)
      if (drained !== undefined) await drained
      left -= 1
      if (left <= 0 || !outlet.isOpen()) return
    }
    if (keys.length < PAGE_SIZE) return
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
