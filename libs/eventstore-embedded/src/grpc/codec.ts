import { DELETED_REVISION } from '../store/types.ts'
import type { ExpectedRevision, NewEvent } from '../store/types.ts'
import { invalidArgument, missingEventMetadata } from './errors.ts'
import { shared } from './protocol.ts'
import type { Shared, Streams } from './protocol.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A 64-bit number of the wire: one that JavaScript cannot hold lies beyond every event, and stays there. */
export function numberFromWire(text: string): number {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : DELETED_REVISION - 1
}

export function streamNameOf(identifier: Shared.StreamIdentifier | undefined): string {
  const name = identifier === undefined ? '' : Buffer.from(identifier.getStreamName_asU8()).toString('utf8')
  if (name === '') throw invalidArgument('the stream has no name')
  return name
}

/** The name of a stream that may be written. */
export function writableStreamOf(identifier: Shared.StreamIdentifier | undefined): string {
  const name = streamNameOf(identifier)
  if (name === '$all') throw invalidArgument('$all is not a stream that can be written')
  return name
}

export function identifierOf(stream: string): Shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'))
}

export function uuidFromWire(uuid: Shared.UUID | undefined): string {
  const structured = uuid?.getStructured()
  const text =
    structured === undefined ? (uuid?.getString() ?? '').toLowerCase() : structuredToText(structured)
  if (!UUID.test(text)) throw invalidArgument('an id is not a UUID')
  return text
}

function structuredToText(structured: Shared.UUID.Structured): string {
  const bytes = Buffer.alloc(16)
  bytes.writeBigInt64BE(BigInt(structured.getMostSignificantBits()), 0)
  bytes.writeBigInt64BE(BigInt(structured.getLeastSignificantBits()), 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** The four ways to say what is expected, which the request types share but for the name of the number. */
type ExpectedOptions = Readonly<{ hasNoStream(): boolean; hasAny(): boolean; hasStreamExists(): boolean }>

export function expectedFromWire(options: ExpectedOptions, revision: () => string): ExpectedRevision {
  if (options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no_stream'
  if (options.hasStreamExists()) return 'stream_exists'
  return numberFromWire(revision())
}

type ProposedMessage = Streams.AppendReq.ProposedMessage | Streams.BatchAppendReq.ProposedMessage

export function proposedEvent(message: ProposedMessage): NewEvent {
  const metadata = message.getMetadataMap()
  const type = metadata.get('type') ?? ''
  const contentType = metadata.get('content-type')
  if (type === '') throw missingEventMetadata('type')
  if (contentType === undefined) throw missingEventMetadata('content-type')
  return {
    id: uuidFromWire(message.getId()),
    type,
    isJson: contentType === 'application/json',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }
}

/** What an event counts towards the append limit. */
export function sizeOf(event: NewEvent): number {
  return event.data.length + event.metadata.length + event.type.length * 2
}
