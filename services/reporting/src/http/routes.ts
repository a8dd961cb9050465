// The routes of reporting: recipients with their state, progress, the report, and what a tenant did.
import type { IncomingMessage } from 'node:http'

import {
  campaignIdTextSchema,
  type CampaignId,
  canReadCampaign,
  type NumberHealthReply,
  type Pagination,
  type Principal,
  recipientStateSchema,
  type UsageReply,
} from '@peyk/contracts'
import { type HttpApi, ProblemError, type Reply } from '@peyk/service-kit'
import { z } from 'zod'

import { languages } from '../page/words.ts'
import { csvOf } from '../reports/csv.ts'
import { progressReply, recipientReply, reportOf } from '../reports/report.ts'
import { workbookOf } from '../reports/workbook.ts'
import { tenantQueries } from '../store/tenant-queries.ts'
import { pageReply } from './page-reply.ts'
import { addShareRoutes } from './share-routes.ts'
import { createSources, type Source, type SourcesOptions } from './sources.ts'

const params = z.object({ id: campaignIdTextSchema })
const whole = (standard: number, max: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,8}$/, 'a positive whole number')
    .transform(Number)
    .refine((value) => value <= max, { message: `at most ${max}` })
    .prefault(String(standard))
/** Any ISO 8601 instant; a report shows all that occurred up to it, itself included. */
const asOf = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text).toISOString())
  .optional()
const momentQuery = z.strictObject({ asOf })
const pageQuery = z.strictObject({
  status: recipientStateSchema.optional(),
  page: whole(1, 100_000_000),
  limit: whole(10, 100),
  asOf,
})
const downloadQuery = z.strictObject({ format: z.enum(['xlsx', 'csv', 'json']).default('xlsx'), asOf })
const viewQuery = z.strictObject({ asOf, lang: z.enum(languages).optional() })
const MAX_DAYS = 400
const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000
const usageQuery = z
  .strictObject({ from: z.iso.date(), to: z.iso.date() })
  .refine(({ from, to }) => daysBetween(from, to) <= MAX_DAYS, {
    path: ['to'],
    message: `at most ${MAX_DAYS} days`,
  })

const CSV = 'text/csv; charset=utf-8'
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const JSON_TYPE = 'application/json; charset=utf-8'

/** What a handler of a user's request knows of it. */
interface CampaignCall {
  readonly principal: Principal
  readonly params: { readonly id: CampaignId }
  readonly query: { readonly asOf?: string | undefined }
  readonly signal: AbortSignal
  readonly request: IncomingMessage
}

export const addRoutes = (api: HttpApi, options: SourcesOptions): void => {
  const sources = createSources(options)
  const open = ({ principal, params: { id }, query, signal }: CampaignCall, withPeople: boolean) =>
    sources.open({
      campaignId: id,
      mayRead: (campaign) => canReadCampaign(principal, campaign),
      asOf: query.asOf,
      withPeople,
      signal,
    })

  api.route('GET', '/api/campaigns/:id/recipients', { params, query: pageQuery }, async (call) =>
    answered(await open(call, true), ({ campaign: { campaignId }, queries }) => {
      const { status, page, limit } = call.query
      const rows = queries.recipients(campaignId, { state: status, limit, offset: (page - 1) * limit })
      const total = queries.countRecipients(campaignId, status)
      const pagination = { page, limit, total, totalPages: Math.ceil(total / limit) } satisfies Pagination
      return { recipients: rows.map(recipientReply), pagination }
    }),
  )

  api.route('GET', '/api/campaigns/:id/progress', { params, query: momentQuery }, async (call) =>
    answered(await open(call, false), ({ campaign }) =>
      progressReply(campaign, new Date(call.query.asOf ?? Date.now())),
    ),
  )

  api.route('GET', '/api/campaigns/:id/report', { params, query: momentQuery }, async (call) =>
    answered(await open(call, false), ({ campaign, queries }) => reportOf(campaign, queries)),
  )

  api.route('GET', '/api/campaigns/:id/report/download', { params, query: downloadQuery }, async (call) => {
    const { format } = call.query
    return downloadOf(await open(call, format !== 'json'), format)
  })

  api.route('GET', '/api/campaigns/:id/report/view', { params, query: viewQuery }, async (call) =>
    pageReply(await open(call, false), call.query, call.request),
  )

  addShareRoutes(api, sources, options)
  addTenantRoutes(api, options)
}

const seesAll = ['viewer', 'operator', 'admin'] as const

const addTenantRoutes = (api: HttpApi, { readModel }: SourcesOptions): void => {
  const tenant = tenantQueries(readModel.database)

  api.route('GET', '/api/reports/usage', { roles: seesAll, query: usageQuery }, ({ principal, query }) => {
    demandWholeTenant(principal)
    return { body: { days: tenant.usage(principal.tenant, query.from, query.to) } satisfies UsageReply }
  })

  api.route('GET', '/api/reports/numbers', {}, ({ principal }) => {
    demandWholeTenant(principal)
    const owner = seesAll.some((role) => principal.roles.includes(role)) ? undefined : principal.userId
    return { body: { numbers: tenant.numbers(principal.tenant, owner) } satisfies NumberHealthReply }
  })
}

/** A token for single campaigns says nothing of the tenant. */
const demandWholeTenant = ({ campaigns }: Principal): void => {
  if (campaigns !== undefined) throw new ProblemError('forbidden')
}

const answered = (source: Source, body: (source: Source) => unknown): Reply => {
  try {
    return { body: body(source) }
  } finally {
    source.release()
  }
}

const downloadOf = (source: Source, format: 'xlsx' | 'csv' | 'json'): Reply => {
  const { campaign, queries, release } = source
  const report = () => reportOf(campaign, queries)
  switch (format) {
    case 'xlsx':
      return download(source, format, XLSX, workbookOf(report(), queries.everyRecipient(campaign.campaignId)))
    case 'csv':
      return download(source, format, CSV, csvOf(queries.everyRecipient(campaign.campaignId)))
    case 'json':
      try {
        return download(source, format, JSON_TYPE, JSON.stringify(report()))
      } finally {
        release()
      }
  }
}

const download = (
  { campaign: { campaignId }, release }: Source,
  extension: string,
  type: string,
  stream: ReturnType<typeof csvOf> | string,
): Reply => {
  if (typeof stream !== 'string') stream.once('close', release)
  return {
    stream,
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename="campaign-${campaignId}-report.${extension}"`,
    },
  }
}
