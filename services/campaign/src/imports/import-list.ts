// One import: rows to chunks to RecipientsImported. All or nothing: chunks count only once that event is there.
import { setImmediate as nextTurn } from 'node:timers/promises'

import {
  type CampaignId,
  type ChunkRange,
  type Phone,
  type Recipient,
  requiredVariables,
  type RowError,
} from '@peyk/contracts'
import {
  type EventMetadata,
  type EventStore,
  handleCommand,
  loadStream,
  type StreamHead,
} from '@peyk/event-sourcing'
import { ProblemError } from '@peyk/service-kit'
import type { CountryCode } from 'libphonenumber-js/max'

import { refusal } from '../commands/refusals.ts'
import type { CampaignDetails, ExistingCampaign } from '../domain/campaign/campaign.ts'
import { wrongStateFor } from '../domain/campaign/decide.ts'
import { campaignStream } from '../domain/campaign/stream.ts'
import { blankChunk, claimFirstChunk, createChunker, readRecipients, writeChunk } from './chunks.ts'
import type { ImportRow } from './columns.ts'
import { createJudge } from './judge-rows.ts'

export interface ImportCounts {
  readonly total: number
  readonly accepted: number
  readonly rejected: number
  readonly duplicates: number
}

export interface ListToImport {
  readonly store: EventStore
  readonly campaignId: CampaignId
  readonly importId: string
  readonly mode: 'replace' | 'append'
  readonly rows: AsyncIterable<ImportRow>
  readonly metadata: EventMetadata
  readonly country: CountryCode
  readonly maxRecipients: number
  readonly signal: AbortSignal
  readonly onProgress: (counts: ImportCounts) => Promise<void>
  readonly onRejected: (error: RowError) => Promise<void>
}

export interface ImportedList {
  readonly counts: ImportCounts
  /** Of the event that made it count. */
  readonly head: StreamHead
  readonly campaign: ExistingCampaign
}

interface WrittenList {
  readonly counts: ImportCounts
  readonly chunks: ChunkRange
  readonly variables: ReadonlySet<string>
  /** Takes the people out of the chunks again. */
  readonly undo: () => Promise<void>
}

/** After so many rows HTTP gets its turn. */
const ROWS_A_TURN = 200

/** Imports a list. One that fails leaves no person behind. */
export const importList = async (list: ListToImport): Promise<ImportedList> => {
  const { store, campaignId, importId, mode } = list
  const details = await importableCampaign(list)
  const { counts, chunks, variables, undo } = await writeList(list, details)
  // When the answer of this is lost, nothing is undone: the event may be there, and then the chunks count.
  const result = await handleCommand({
    store,
    ...campaignStream(campaignId),
    metadata: list.metadata,
    command: {
      type: 'ImportRecipients',
      data: {
        importId,
        mode,
        chunks,
        accepted: counts.accepted,
        rejected: counts.rejected,
        duplicates: counts.duplicates,
        variables: [...variables],
        limit: list.maxRecipients,
        nextChunk: details.nextChunk,
      },
    },
  })
  if (result.outcome === 'accepted' && result.state.status !== 'NONE')
    return { counts, head: result, campaign: result.state }
  await undo()
  throw result.outcome === 'rejected' ? refusal(result.reason) : new ProblemError('conflict')
}

const importableCampaign = async ({ store, campaignId }: ListToImport): Promise<CampaignDetails> => {
  const { streamName, decider, codec } = campaignStream(campaignId)
  const { state } = await loadStream(store, streamName, decider, codec)
  if (state.status === 'NONE') throw new ProblemError('campaign_not_found')
  const wrongState = wrongStateFor('ImportRecipients', state.status)
  if (wrongState !== undefined) throw refusal(wrongState)
  return state.details
}

const writeList = async (list: ListToImport, details: CampaignDetails): Promise<WrittenList> => {
  const kept = list.mode === 'append' ? details.recipients : undefined
  const writer = await openChunkWriter(list, details.nextChunk, (kept?.total ?? 0) + 1)
  try {
    const seen = new Set<Phone>()
    if (kept !== undefined)
      for await (const { phone } of readRecipients(list.store, list.campaignId, kept.chunks)) seen.add(phone)
    const limit = list.maxRecipients - (kept?.total ?? 0)
    const read = await writeRows(list, createJudge(rulesOf(list, details), seen), writer, limit)
    return { ...read, chunks: await writer.finish(), undo: writer.undo }
  } catch (error) {
    await writer.undo()
    throw error
  }
}

const rulesOf = ({ country }: ListToImport, { message }: CampaignDetails) => ({
  country,
  required: requiredVariables(message),
})

type ChunkWriter = Awaited<ReturnType<typeof openChunkWriter>>

const openChunkWriter = async (list: ListToImport, nextChunk: number, firstPosition: number) => {
  const first = await claimFirstChunk(list, nextChunk)
  const chunker = createChunker()
  let next = first
  let position = firstPosition
  const write = async (recipients: readonly Recipient[]) => {
    await writeChunk(list, next, position, recipients)
    next += 1
    position += recipients.length
  }
  return {
    add: async (recipient: Recipient) => {
      const full = chunker.add(recipient)
      if (full !== undefined) await write(full)
    },
    finish: async (): Promise<ChunkRange> => {
      const rest = chunker.rest()
      if (rest.length > 0) await write(rest)
      return { first, last: next - 1 }
    },
    undo: async () => {
      for (let chunk = first; chunk < next; chunk += 1) await blankChunk(list, chunk)
    },
  }
}

const writeRows = async (
  { rows, maxRecipients, signal, onProgress, onRejected }: ListToImport,
  judge: ReturnType<typeof createJudge>,
  writer: ChunkWriter,
  limit: number,
): Promise<{ counts: ImportCounts; variables: ReadonlySet<string> }> => {
  const counts = { total: 0, accepted: 0, rejected: 0, duplicates: 0 }
  const variables = new Set<string>()
  for await (const row of rows) {
    const judged = judge(row)
    counts.total += 1
    counts[judged.outcome === 'duplicate' ? 'duplicates' : judged.outcome] += 1
    if (counts.accepted > limit) throw refusal({ code: 'too_many_recipients', limit: maxRecipients })
    if (judged.outcome === 'rejected') await onRejected(judged.error)
    if (judged.outcome === 'accepted') {
      for (const name of Object.keys(row.variables)) variables.add(name)
      await writer.add(judged.recipient)
    }
    if (counts.total % ROWS_A_TURN !== 0) continue
    await onProgress({ ...counts })
    await nextTurn(undefined, { signal })
  }
  await onProgress({ ...counts })
  if (counts.accepted === 0)
    throw new ProblemError('no_valid_recipients', {
      detail: `of ${counts.total} rows ${counts.rejected} were refused and ${counts.duplicates} are duplicates`,
    })
  return { counts, variables }
}
