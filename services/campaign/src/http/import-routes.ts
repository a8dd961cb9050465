// Lists of recipients: upload, progress, refused rows, template.
import { setTimeout as delay } from 'node:timers/promises'
import { Readable } from 'node:stream'

import {
  canReadCampaign,
  commandIdSchema,
  duplicateRequest,
  type ImportReply,
  type TenantId,
} from '@peyk/contracts'
import { uuidV5 } from '@peyk/event-sourcing'
import { ProblemError, type Reply } from '@peyk/service-kit'
import { z } from 'zod'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import { findCampaign, rowAfter } from '../commands/campaigns.ts'
import { type Actor, type CommandContext, metadataOf } from '../commands/context.ts'
import { duplicateCampaign } from '../commands/duplicate-campaign.ts'
import { refusal } from '../commands/refusals.ts'
import { wrongStateFor } from '../domain/campaign/decide.ts'
import type { ImportRow } from '../imports/columns.ts'
import type { ImportJobs } from '../imports/import-jobs.ts'
import type { ImportStore } from '../imports/import-store.ts'
import { ERRORS_HEADER } from '../imports/rejected-rows.ts'
import { receiveList, type UploadLimits } from './receive-upload.ts'
import { campaignParams as params, etagOf, type Routes } from './routes.ts'
import { importTemplate } from './template.ts'

export interface ImportRoutesOptions {
  readonly context: CommandContext
  readonly jobs: ImportJobs
  readonly imports: ImportStore
  readonly uploads: UploadLimits
}

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const importParams = params.extend({ importId: z.uuid() })
const importQuery = z.strictObject({ mode: z.enum(['replace', 'append']).default('replace') })

export const addImportRoutes = (routes: Routes, options: ImportRoutesOptions): void => {
  const { context, jobs, imports } = options

  routes.add('GET', '/api/campaigns/excel-template/download', { access: 'public' }, () => ({
    stream: importTemplate(),
    headers: { 'content-type': XLSX, 'content-disposition': 'attachment; filename="recipients.xlsx"' },
  }))

  addUpload(routes, options)
  addDuplicate(routes, options)

  const findImport = async (tenant: TenantId, { id, importId }: z.output<typeof importParams>) => {
    const entry = await jobs.find({ tenant, campaignId: id, importId })
    if (entry === undefined) throw new ProblemError('import_not_found')
    return entry
  }

  routes.add('GET', '/api/campaigns/:id/imports/:importId', { params: importParams }, async (call) => {
    await findCampaign(context, call.principal, call.params.id)
    return { body: { import: await findImport(call.principal.tenant, call.params) } }
  })

  routes.add('GET', '/api/campaigns/:id/imports/:importId/errors', { params: importParams }, async (call) => {
    await findCampaign(context, call.principal, call.params.id)
    const { id } = await findImport(call.principal.tenant, call.params)
    const errors = await imports.readErrors(id)
    return {
      stream: errors === undefined ? ERRORS_HEADER : Readable.from(errors),
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': `attachment; filename="import-errors.csv"`,
      },
    }
  })
}

const addUpload = (routes: Routes, { context, jobs, uploads }: ImportRoutesOptions): void => {
  const route = { params, query: importQuery, upload: 'stream' } as const
  routes.add('POST', '/api/campaigns/:id/recipients', route, async (call) => {
    const row = await routes.runnable(call)
    const key = { tenant: row.tenant, campaignId: row.campaignId, importId: call.commandId }
    const known = call.idempotencyKey === undefined ? undefined : await jobs.find(key)
    const wrongState = wrongStateFor('ImportRecipients', row.status)
    if (wrongState !== undefined && known === undefined) throw refusal(wrongState)

    const { rows, digest, discard } = await receiveList(call.request, uploads)
    if (call.idempotencyKey !== undefined)
      await orDiscard(discard, () => routes.demandSame(call.commandId, [call.query, digest]))
    if (known !== undefined) {
      await discard()
      return replyOf(routes, row, known)
    }
    const metadata = metadataOf(routes.actor(call))
    const run = await jobs.start({ ...key, mode: call.query.mode, rows, discard, metadata })
    const finished = await within(run.finished, context.settings.IMPORT_ANSWER_TIMEOUT)
    if (finished === undefined) return replyOf(routes, row, run.entry())
    if (finished.outcome === 'failed') throw finished.problem
    return replyOf(routes, await rowAfter(context, finished.campaign, finished.head), finished.entry)
  })
}

/** A copy is imported under an id of its own: its stream knows the command as the one that created it. */
const addDuplicate = (routes: Routes, { context, jobs }: ImportRoutesOptions): void => {
  const route = { params, body: duplicateRequest } as const
  routes.add('POST', '/api/campaigns/:id/duplicate', route, async (call) => {
    const source = await routes.runnable(call, canReadCampaign)
    const actor = routes.actor(call)
    const { row, rows } = await duplicateCampaign(
      context,
      actor,
      source.campaignId,
      call.body,
      call.idempotencyKey !== undefined,
    )
    const copy = rows === undefined ? row : await importCopy(context, jobs, actor, row, rows)
    const location = `/api/campaigns/${row.campaignId}`
    return {
      ...routes.reply(copy, 'Campaign duplicated', { recipientsCount: copy.progress.total }),
      status: 201,
      headers: { location, etag: etagOf(copy) },
    }
  })
}

/** The copy with its recipients, or with as many as there are when it takes long; without any when none fit. */
const importCopy = async (
  context: CommandContext,
  jobs: ImportJobs,
  actor: Actor,
  row: CampaignRow,
  rows: AsyncIterable<ImportRow>,
): Promise<CampaignRow> => {
  const importId = commandIdSchema.parse(uuidV5(`recipients of ${actor.commandId}`))
  const key = { tenant: row.tenant, campaignId: row.campaignId, importId }
  if ((await jobs.find(key)) !== undefined) return findCampaign(context, actor.principal, row.campaignId)
  const metadata = metadataOf({ ...actor, commandId: importId })
  const discard = () => Promise.resolve()
  const run = await jobs.start({ ...key, mode: 'replace', rows, discard, metadata })
  const finished = await within(run.finished, context.settings.IMPORT_ANSWER_TIMEOUT)
  if (finished?.outcome === 'done') return rowAfter(context, finished.campaign, finished.head)
  if (finished?.outcome === 'failed' && finished.problem.code !== 'no_valid_recipients')
    throw finished.problem
  return row
}

/** What was received is of no use when the work fails. */
const orDiscard = async (discard: () => Promise<void>, work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (error) {
    await discard()
    throw error
  }
}

/** Undefined when it takes longer. */
const within = async <T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> => {
  const answered = new AbortController()
  try {
    return await Promise.race([work, delay(timeoutMs, undefined, { signal: answered.signal })])
  } finally {
    answered.abort()
  }
}

const replyOf = (routes: Routes, row: CampaignRow, entry: ImportReply): Reply => {
  if (entry.problem !== undefined) throw new ProblemError(entry.problem.code, entry.problem)
  const isDone = entry.status === 'done'
  const more = { recipientsCount: row.progress.total, import: entry }
  const reply = routes.reply(row, isDone ? 'Recipients imported' : 'The import goes on', more)
  const location = `/api/campaigns/${row.campaignId}/imports/${entry.id}`
  return isDone ? reply : { ...reply, status: 202, headers: { ...reply.headers, location } }
}
