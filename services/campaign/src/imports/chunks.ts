// The chunks of a campaign's list in the event store: written at numbers that nobody used, blanked when they do not count.
import {
  type CampaignId,
  type ChunkRange,
  eventStreams,
  MAX_CHUNK_BYTES,
  type Recipient,
  readRecipientsChunk,
  type RecipientsChunkStored,
  RECIPIENTS_PER_CHUNK,
} from '@peyk/contracts'
import { type EventMetadata, eventIdOf, type EventStore } from '@peyk/event-sourcing'

/** Room for the brackets and the fields around the recipients. */
const CHUNK_FRAME_BYTES = 1_024

/** Collects recipients into chunks that are neither too many nor too large. */
export const createChunker = () => {
  let recipients: Recipient[] = []
  let bytes = CHUNK_FRAME_BYTES
  const take = (): readonly Recipient[] => {
    const taken = recipients
    recipients = []
    bytes = CHUNK_FRAME_BYTES
    return taken
  }
  return {
    /** Takes one more; answers the chunk before it when there was no room. */
    add: (recipient: Recipient): readonly Recipient[] | undefined => {
      const size = Buffer.byteLength(JSON.stringify(recipient)) + 1
      const isFull = recipients.length === RECIPIENTS_PER_CHUNK || bytes + size > MAX_CHUNK_BYTES
      const full = isFull ? take() : undefined
      recipients.push(recipient)
      bytes += size
      return full
    },
    rest: take,
  }
}

interface ChunkContext {
  readonly store: EventStore
  readonly campaignId: CampaignId
  readonly importId: string
  readonly metadata: EventMetadata
}

const chunkEvent = (
  { metadata }: ChunkContext,
  stream: string,
  data: RecipientsChunkStored['data'],
  step: number,
) => ({
  id: eventIdOf(stream, `${data.importId}/${metadata.commandId}`, step),
  type: 'RecipientsChunkStored' satisfies RecipientsChunkStored['type'],
  data,
  metadata,
})

/** Writes a chunk where no chunk ever was; throws WrongRevision where one is. */
export const writeChunk = async (
  context: ChunkContext,
  chunk: number,
  firstPosition: number,
  recipients: readonly Recipient[],
): Promise<void> => {
  const { store, campaignId, importId } = context
  const stream = eventStreams.recipients(campaignId, chunk)
  await store.setStreamMetadata(stream, { maxCount: 1 })
  const data = { importId, chunk, firstPosition, recipients: [...recipients] }
  await store.append(stream, [chunkEvent(context, stream, data, 0)], { expectedRevision: 'no-stream' })
}

/** Takes the people out of a chunk that does not count. The stream stays, so that its number is not used again. */
export const blankChunk = async (context: ChunkContext, chunk: number): Promise<void> => {
  const stream = eventStreams.recipients(context.campaignId, chunk)
  const data = { importId: context.importId, chunk, firstPosition: 1, recipients: [] }
  await context.store.append(stream, [chunkEvent(context, stream, data, 1)], { expectedRevision: 'any' })
}

/** The first number from `from` on without a chunk; what an import that died has left there is blanked. */
export const claimFirstChunk = async (context: ChunkContext, from: number): Promise<number> => {
  for (let chunk = from; ; chunk += 1) {
    const recipients = await readChunk(context.store, context.campaignId, chunk)
    if (recipients === undefined) return chunk
    if (recipients.length > 0) await blankChunk(context, chunk)
  }
}

/** Undefined when there is no such chunk. */
const readChunk = async (
  store: EventStore,
  campaignId: CampaignId,
  chunk: number,
): Promise<readonly Recipient[] | undefined> => {
  const stream = eventStreams.recipients(campaignId, chunk)
  if ((await store.headOf(stream)) === undefined) return undefined
  for await (const event of store.readStream(stream, { direction: 'backwards', from: 'end', maxCount: 1 }))
    return readRecipientsChunk(event).data.recipients
  return undefined
}

/** The recipients of a campaign's chunks, in order. */
export async function* readRecipients(
  store: EventStore,
  campaignId: CampaignId,
  ranges: readonly ChunkRange[],
): AsyncGenerator<Recipient> {
  for (const { first, last } of ranges)
    for (let chunk = first; chunk <= last; chunk += 1)
      yield* (await readChunk(store, campaignId, chunk)) ?? []
}

const DELETES_AT_ONCE = 32

/** Deletes the chunks below `end` that count no more. Done again it finds nothing. */
export const deleteReplacedChunks = async (
  store: EventStore,
  campaignId: CampaignId,
  ranges: readonly ChunkRange[],
  end: number,
): Promise<void> => {
  const replaced = Array.from({ length: end }, (_, chunk) => chunk).filter(
    (chunk) => !ranges.some(({ first, last }) => chunk >= first && chunk <= last),
  )
  const deleteChunk = async (chunk: number) => {
    const stream = eventStreams.recipients(campaignId, chunk)
    if ((await store.headOf(stream)) !== undefined) await store.deleteStream(stream)
  }
  while (replaced.length > 0) await Promise.all(replaced.splice(0, DELETES_AT_ONCE).map(deleteChunk))
}
