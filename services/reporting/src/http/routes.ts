// The routes of reporting: recipients with their state, progress, and the report.
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
import { type EventStore, EventStoreUnavailable } from '@peyk/event-sourcing'
import type { ReadModel } from '@peyk/read-model'
import { type HttpApi, ProblemError, type Reply } from '@peyk/service-kit'
import { z } from 'zod'

import { csvOf } from '../reports/csv.ts'
import { progressReply, recipientReply, reportOf } from '../reports/report.ts'
import { workbookOf } from '../reports/workbook.ts'
import { waitUntilFresh } from '../store/freshness.ts'
import { type ReportedCampaign, reportingQueries } from '../store/queries.ts'
import { tenantQueries } from '../store/tenant-queries.ts'

export interface RoutesOptions {
  readonly store: EventStore
  readonly readModel: ReadModel
  /** How long a reply may wait for the projection; then it is a 503 with `Retry-After`. */
  readonly freshnessTimeoutMs: number
}

const params = z.object({ id: campaignIdTextSchema })
const whole = (standard: number, max: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,8}$/, 'a positive whole number')
    .transform(Number)
    .refine((value) => value <= max, { message: `at most ${max}` })
    .prefault(String(standard))
const pageQuery = z.strictObject({
  status: recipientStateSchema.optional(),
  page: whole(1, 100_000_000),
  limit: whole(10, 100),
})
const day = z.iso.date()
const usageQuery = z
  .strictObject({ from: day, to: day })
  .refine(({ from, to }) => daysBetween(from, to) <= 400, {
    path: ['to'],
    message: 'at most 400 days',
  })
const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000
const downloadQuery = z.strictObject({ format: z.enum(['xlsx', 'csv', 'json']).default('xlsx') })

const CSV = 'text/csv; charset=utf-8'
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const JSON_TYPE = 'application/json; charset=utf-8'

export const addRoutes = (api: HttpApi, options: RoutesOptions): void => {
  const queries = reportingQueries(options.readModel.database)
  const tenant = tenantQueries(options.readModel.database)

  /** The campaign as it stands at the request; another tenant's looks like none. */
  const freshCampaign = async (principal: Principal, id: CampaignId): Promise<ReportedCampaign> => {
    await demandFresh(options, id)
    const campaign = queries.campaign(id)
    if (campaign === undefined || !canReadCampaign(principal, campaign))
      throw new ProblemError('campaign_not_found')
    return campaign
  }

  api.route('GET', '/api/campaigns/:id/recipients', { params, query: pageQuery }, async (call) => {
    const { campaignId } = await freshCampaign(call.principal, call.params.id)
    const { status, page, limit } = call.query
    const rows = queries.recipients(campaignId, { state: status, limit, offset: (page - 1) * limit })
    const total = queries.countRecipients(campaignId, status)
    return {
      body: {
        recipients: rows.map(recipientReply),
        pagination: { page, limit, total, totalPages: Math.ceil(total / limit) } satisfies Pagination,
      },
    }
  })

  api.route('GET', '/api/campaigns/:id/progress', { params }, async (call) => ({
    body: progressReply(await freshCampaign(call.principal, call.params.id), new Date()),
  }))

  api.route('GET', '/api/campaigns/:id/report', { params }, async (call) => ({
    body: reportOf(await freshCampaign(call.principal, call.params.id), queries),
  }))

  api.route('GET', '/api/reports/usage', { roles: seesAll, query: usageQuery }, ({ principal, query }) => {
    demandWholeTenant(principal)
    return { body: { days: tenant.usage(principal.tenant, query.from, query.to) } satisfies UsageReply }
  })

  api.route('GET', '/api/reports/numbers', {}, ({ principal }) => {
    demandWholeTenant(principal)
    const owner = seesAll.some((role) => principal.roles.includes(role)) ? undefined : principal.userId
    return { body: { numbers: tenant.numbers(principal.tenant, owner) } satisfies NumberHealthReply }
  })

  api.route('GET', '/api/campaigns/:id/report/download', { params, query: downloadQuery }, async (call) => {
    const campaign = await freshCampaign(call.principal, call.params.id)
    const report = reportOf(campaign, queries)
    const recipients = queries.everyRecipient(campaign.campaignId)
    switch (call.query.format) {
      case 'xlsx':
        return download(campaign, 'xlsx', XLSX, workbookOf(report, recipients))
      case 'csv':
        return download(campaign, 'csv', CSV, csvOf(recipients))
      case 'json':
        return download(campaign, 'json', JSON_TYPE, JSON.stringify(report))
    }
  })
}

const seesAll = ['viewer', 'operator', 'admin'] as const

/** A token for single campaigns says nothing of the tenant. */
const demandWholeTenant = ({ campaigns }: Principal): void => {
  if (campaigns !== undefined) throw new ProblemError('forbidden')
}

const demandFresh = async (options: RoutesOptions, id: CampaignId): Promise<void> => {
  const { store, readModel, freshnessTimeoutMs } = options
  try {
    if (await waitUntilFresh(store, readModel, id, freshnessTimeoutMs)) return
  } catch (error) {
    if (!(error instanceof EventStoreUnavailable)) throw error
    throw new ProblemError('unavailable', { headers: { 'retry-after': '2' }, cause: error })
  }
  throw new ProblemError('report_not_ready', { headers: { 'retry-after': '1' } })
}

const download = (
  { campaignId }: ReportedCampaign,
  extension: string,
  type: string,
  stream: NonNullable<Reply['stream']>,
): Reply => ({
  stream,
  headers: {
    'content-type': type,
    'content-disposition': `attachment; filename="campaign-${campaignId}-report.${extension}"`,
  },
})
