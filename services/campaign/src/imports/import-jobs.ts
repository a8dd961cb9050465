// Imports as jobs of this process: one a campaign at a time, their progress and result in KV.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

import type { CampaignEventOf, CampaignId, ImportReply, RowError } from '@peyk/contracts'
import { eventStreams, readCampaignEvent } from '@peyk/contracts'
import {
  type EventMetadata,
  type EventStore,
  EventStoreUnavailable,
  loadStream,
  type StreamHead,
} from '@peyk/event-sourcing'
import { type Lease, NatsUnavailable } from '@peyk/messaging'
import { type Log, ProblemError } from '@peyk/service-kit'
import type { CountryCode } from 'libphonenumber-js/max'

import type { ExistingCampaign } from '../domain/campaign/campaign.ts'
import { campaignStream } from '../domain/campaign/stream.ts'
import { claimFirstChunk, deleteReplacedChunks } from './chunks.ts'
import type { ImportRow } from './columns.ts'
import { type ImportCounts, importList } from './import-list.ts'
import { failedImport, type ImportKey, type ImportStore, newImport } from './import-store.ts'
import { createRejectedRows, type RejectedRows } from './rejected-rows.ts'

export interface ImportJobsOptions {
  readonly store: EventStore
  readonly imports: ImportStore
  /** For files that live as long as their import. */
  readonly folder: string
  readonly country: CountryCode
  readonly maxRecipients: number
  readonly log: Log
  /** Aborts what is running; it fails and says that it was interrupted. */
  readonly signal: AbortSignal
}

export interface ImportRequest extends ImportKey {
  readonly mode: 'replace' | 'append'
  readonly rows: AsyncIterable<ImportRow>
  /** Gives back what the rows are read from; called once, however it ends. */
  readonly discard: () => Promise<void>
  readonly metadata: EventMetadata
}

export type ImportResult =
  | {
      readonly outcome: 'done'
      readonly entry: ImportReply
      readonly campaign: ExistingCampaign
      /** Of the event that made it count. */
      readonly head: StreamHead
    }
  | { readonly outcome: 'failed'; readonly entry: ImportReply; readonly problem: ProblemError }

export interface ImportRun {
  /** As far as it has come. */
  readonly entry: () => ImportReply
  /** Never rejects. */
  readonly finished: Promise<ImportResult>
}

export interface ImportJobs {
  /** Throws `import_in_progress` while another import of the campaign runs. */
  start(request: ImportRequest): Promise<ImportRun>
  /** An import by its id; one whose process died is settled first. */
  find(key: ImportKey): Promise<ImportReply | undefined>
  /** Settles every import whose process died. */
  settleDead(): Promise<void>
  /** Waits for the ends of those that run here. */
  idle(): Promise<void>
}

const MAX_ERRORS_SHOWN = 100
const PROGRESS_EVERY_MS = 500

/** Makes the jobs of this process. */
export const createImportJobs = (options: ImportJobsOptions): ImportJobs => {
  const { imports } = options
  const runs = new Map<string, Promise<ImportResult>>()
  const find = async (key: ImportKey): Promise<ImportReply | undefined> => {
    const entry = await imports.get(key)
    if (entry?.status !== 'running' || runs.has(key.importId)) return entry
    return (await settle(options, key)) ?? entry
  }
  return {
    start: async (request) => {
      const lock = await lockOrDiscard(imports, request)
      const job = new ImportJob(options, request, AbortSignal.any([options.signal, lock.signal]))
      const finished = job.run().finally(async () => {
        runs.delete(request.importId)
        await lock.release()
      })
      runs.set(request.importId, finished)
      return { entry: () => job.entry, finished }
    },
    find,
    settleDead: async () => {
      for (const key of await imports.running()) await find(key)
    },
    idle: async () => {
      await Promise.all(runs.values())
    },
  }
}

const lockOrDiscard = async (imports: ImportStore, request: ImportRequest): Promise<Lease> => {
  try {
    const lock = await imports.lock(request.campaignId, request.importId)
    if (lock === undefined) throw new ProblemError('import_in_progress')
    return lock
  } catch (error) {
    await request.discard()
    throw error
  }
}

class ImportJob {
  entry: ImportReply
  readonly #options: ImportJobsOptions
  readonly #request: ImportRequest
  readonly #signal: AbortSignal
  readonly #errors: RowError[] = []
  #toldAt = 0

  constructor(options: ImportJobsOptions, request: ImportRequest, signal: AbortSignal) {
    this.#options = options
    this.#request = request
    this.#signal = signal
    this.entry = newImport(request)
  }

  async run(): Promise<ImportResult> {
    const folder = join(this.#options.folder, this.#request.importId)
    const rejected = createRejectedRows(join(folder, 'errors.csv'))
    try {
      await mkdir(folder, { recursive: true })
      await this.#tell()
      return await this.#import(rejected)
    } catch (error) {
      return await this.#fail(error, rejected)
    } finally {
      await rm(folder, { recursive: true, force: true })
      await this.#request.discard()
    }
  }

  async #import(rejected: RejectedRows): Promise<ImportResult> {
    const { store, country, maxRecipients } = this.#options
    const list = await importList({
      ...this.#request,
      store,
      country,
      maxRecipients,
      signal: this.#signal,
      onProgress: (counts) => this.#progress(counts),
      onRejected: (error) => {
        if (this.#errors.length < MAX_ERRORS_SHOWN) this.#errors.push(error)
        return rejected.add(error)
      },
    })
    this.#count(list.counts)
    this.entry = { ...this.entry, status: 'done' }
    // It counts from here on, whatever becomes of the rest: `settle` finds it in the events.
    await this.#afterwards(() => this.#saveErrors(rejected))
    await this.#afterwards(() => this.#tell())
    const { campaignId, recipients, nextChunk } = list.campaign.details
    await this.#afterwards(() => deleteReplacedChunks(store, campaignId, recipients?.chunks ?? [], nextChunk))
    return { outcome: 'done', entry: this.entry, campaign: list.campaign, head: list.head }
  }

  async #saveErrors(rejected: RejectedRows): Promise<void> {
    const path = await rejected.finish()
    if (path !== undefined) await this.#options.imports.saveErrors(this.#request.importId, path)
  }

  /** What the next import or the next question makes good when it fails. */
  async #afterwards(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const { campaignId, importId } = this.#request
      this.#options.log.warn({ campaignId, importId, error }, 'import_aftermath_failed')
    }
  }

  async #progress(counts: ImportCounts): Promise<void> {
    this.#count(counts)
    if (performance.now() - this.#toldAt >= PROGRESS_EVERY_MS) await this.#tell()
  }

  #count(counts: ImportCounts): void {
    this.entry = { ...this.entry, ...counts, errors: [...this.#errors] }
  }

  #tell(): Promise<void> {
    this.#toldAt = performance.now()
    return this.#options.imports.put(this.#request, this.entry)
  }

  async #fail(error: unknown, rejected: RejectedRows): Promise<ImportResult> {
    const problem = withRows(problemOfFailure(error, this.#signal), this.#errors)
    const { campaignId, importId } = this.#request
    if (problem.code === 'internal') this.#options.log.error({ campaignId, importId, error }, 'import_failed')
    this.entry = failedImport({ ...this.entry, errors: [...this.#errors] }, problem.problem)
    await this.#afterwards(() => this.#saveErrors(rejected))
    // With NATS away nothing can be told: who asks later finds no holder of the lease, and settles it.
    await this.#afterwards(() => this.#tell())
    return { outcome: 'failed', entry: this.entry, problem }
  }
}

/** When no row could be taken, the problem says what is wrong with each. */
const withRows = (problem: ProblemError, errors: readonly RowError[]): ProblemError =>
  problem.code === 'no_valid_recipients'
    ? new ProblemError(problem.code, {
        detail: problem.detail,
        errors: errors.map(({ row, code, message }) => ({ path: `rows.${row}`, code, message })),
      })
    : problem

const INTERRUPTED = 'the import was interrupted and nothing of it was taken: send the file again'

const problemOfFailure = (error: unknown, signal: AbortSignal): ProblemError => {
  if (error instanceof ProblemError) return error
  const isPassing =
    signal.aborted || error instanceof EventStoreUnavailable || error instanceof NatsUnavailable
  return isPassing
    ? new ProblemError('unavailable', { detail: INTERRUPTED, cause: error })
    : new ProblemError('internal', { cause: error })
}

/** What became of an import that is said to run: with its lease free, its process is gone. */
const settle = async (
  { store, imports }: ImportJobsOptions,
  key: ImportKey,
): Promise<ImportReply | undefined> => {
  const lock = await imports.lock(key.campaignId, `settle ${key.importId}`)
  if (lock === undefined) return undefined
  try {
    const imported = await importedEvent(store, key)
    const entry = (await imports.get(key)) ?? newImport(key)
    const settled =
      imported === undefined
        ? failedImport(entry, new ProblemError('unavailable', { detail: INTERRUPTED }).problem)
        : doneImport(entry, imported)
    if (imported === undefined) await blankLeftovers(store, key)
    await imports.put(key, settled)
    return settled
  } finally {
    await lock.release()
  }
}

type Imported = CampaignEventOf<'RecipientsImported'>['data']

const doneImport = (entry: ImportReply, { accepted, rejected, duplicates }: Imported): ImportReply => ({
  ...entry,
  status: 'done',
  total: accepted + rejected + duplicates,
  accepted,
  rejected,
  duplicates,
})

const importedEvent = async (store: EventStore, key: ImportKey): Promise<Imported | undefined> => {
  for await (const recorded of store.readStream(eventStreams.campaign(key.campaignId))) {
    const event = readCampaignEvent(recorded)
    if (event.type === 'RecipientsImported' && event.data.importId === key.importId) return event.data
  }
  return undefined
}

/** The system does this by itself: nobody's command. */
const blankLeftovers = async (
  store: EventStore,
  { tenant, campaignId, importId }: ImportKey,
): Promise<void> => {
  const nextChunk = await nextChunkOf(store, campaignId)
  const metadata = {
    commandId: importId,
    correlationId: importId,
    causationId: importId,
    tenant,
    occurredAt: new Date().toISOString(),
  }
  await claimFirstChunk({ store, campaignId, importId, metadata }, nextChunk)
}

const nextChunkOf = async (store: EventStore, campaignId: CampaignId): Promise<number> => {
  const { streamName, decider, codec } = campaignStream(campaignId)
  const { state } = await loadStream(store, streamName, decider, codec)
  return state.status === 'NONE' ? 0 : state.details.nextChunk
}
