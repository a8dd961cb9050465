import { DELETED_REVISION } from '../store/types.ts'
import type { RecordedEvent } from '../store/types.ts'
import { BackwardWriter } from './backward-writer.ts'

/** How the reader of a stream wants its event ids. */
export type UuidForm = 'text' | 'structured'

const DELETED_ON_THE_WIRE = 2n ** 63n - 1n

/** Protobuf's field numbers of `ReadResp` and what it holds. */
const READ_RESP = { event: 1 }
const READ_EVENT = { event: 1, commitPosition: 3 }
const RECORDED = {
  id: 1,
  stream: 2,
  revision: 3,
  preparePosition: 4,
  commitPosition: 5,
  metadata: 6,
  customMetadata: 7,
  data: 8,
}
const UUID = { structured: 1, text: 2 }
const STRUCTURED_UUID = { mostSignificant: 1, leastSignificant: 2 }
const STREAM_IDENTIFIER = { name: 3 }
const MAP_ENTRY = { key: 1, value: 2 }

/** More than all that is not the event's own text and bytes. */
const FRAME_BYTES = 512

/** Most events fit in here; for a larger one there is a buffer of its own. */
const SCRATCH_BYTES = 16 * 1024
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

/**
 * The `ReadResp` by which a read or a subscription delivers an event, as it goes over the wire. Made with the
 * generated classes it takes most of a reader's time and garbage, and it is the one message that comes by the
 * million; the tests hold it against them.
 */
export function encodeEvent(event: RecordedEvent, form: UuidForm): Buffer {
  const { data, metadata, stream, type } = event
  const most = FRAME_BYTES + data.length + metadata.length + (stream.length + type.length) * 3
  const writer = new BackwardWriter(most <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafeSlow(most))
  const end = writer.at
  writer.number(READ_EVENT.commitPosition, event.position)
  const recordedEnd = writer.at
  writeRecorded(writer, event, form)
  writer.message(READ_EVENT.event, recordedEnd)
  writer.message(READ_RESP.event, end)
  return writer.written()
}

function writeRecorded(writer: BackwardWriter, event: RecordedEvent, form: UuidForm): void {
  writer.bytes(RECORDED.data, event.data)
  writer.bytes(RECORDED.customMetadata, event.metadata)
  // In steps of 100 ns.
  writeEntry(writer, 'created', `${event.created}0000`)
  writeEntry(writer, 'content-type', event.isJson ? 'application/json' : 'application/octet-stream')
  writeEntry(writer, 'type', event.type)
  writer.number(RECORDED.commitPosition, event.position)
  writer.number(RECORDED.preparePosition, event.position)
  if (event.revision === DELETED_REVISION) writer.bigNumber(RECORDED.revision, DELETED_ON_THE_WIRE)
  else writer.number(RECORDED.revision, event.revision)
  const streamEnd = writer.at
  writer.text(STREAM_IDENTIFIER.name, event.stream)
  writer.message(RECORDED.stream, streamEnd)
  writeId(writer, event.id, form)
}

function writeEntry(writer: BackwardWriter, key: string, value: string): void {
  const end = writer.at
  writer.text(MAP_ENTRY.value, value)
  writer.text(MAP_ENTRY.key, key)
  writer.message(RECORDED.metadata, end)
}

function writeId(writer: BackwardWriter, id: string, form: UuidForm): void {
  const end = writer.at
  if (form === 'text') writer.text(UUID.text, id)
  else {
    const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
    writer.bigNumber(STRUCTURED_UUID.leastSignificant, bytes.readBigInt64BE(8))
    writer.bigNumber(STRUCTURED_UUID.mostSignificant, bytes.readBigInt64BE(0))
    writer.message(UUID.structured, end)
  }
  writer.message(RECORDED.id, end)
}
