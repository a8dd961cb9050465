// Campaigns: create, list, look at, change.
import {
  type CampaignReply,
  campaignIncludes,
  type CampaignStatus,
  campaignStatusSchema,
  type CampaignWithIncludes,
  canRunCampaign,
  changeIntervalRequest,
  changeMessageRequest,
  changeTitleRequest,
  createCampaignRequest,
  instantSchema,
  intervalText,
  type Pagination,
  parseInterval,
  type Preview,
  type Principal,
  reportUrlOf,
  type Schedule,
} from '@peyk/contracts'
import { ProblemError } from '@peyk/service-kit'
import { z } from 'zod'

import { type CampaignFilter, type CampaignRow, sortFields } from '../catalogue/catalogue.ts'
import { findCampaign, findEvenDeleted, handleCampaign, loadCampaign } from '../commands/campaigns.ts'
import type { CommandContext } from '../commands/context.ts'
import { demandFittingMessage } from '../commands/control-campaign.ts'
import { createCampaign } from '../commands/create-campaign.ts'
import { deleteCampaign, restoreCampaign } from '../commands/delete-campaign.ts'
import { readHistory } from '../commands/read-history.ts'
import { defaultIntervalMs } from '../config.ts'
import { estimate } from '../domain/campaign/estimate.ts'
import { scheduleFault } from '../domain/campaign/schedule.ts'
import { previewOf } from '../domain/campaign/preview.ts'
import { readRecipients } from '../imports/chunks.ts'
import { campaignParams, etagOf, type Routes } from './routes.ts'

const PREVIEWS = 5

const whole = (standard: number, max: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]{0,8}$/, 'a positive whole number')
    .transform(Number)
    .refine((value) => value <= max, { message: `at most ${max}` })
    .prefault(String(standard))

/** An instant, or a day: its first moment in UTC. */
const since = z.iso
  .date()
  .transform((day) => `${day}T00:00:00.000Z`)
  .or(instantSchema)
const until = z.iso
  .date()
  .transform((day) => `${day}T23:59:59.999Z`)
  .or(instantSchema)

const listQuery = z.strictObject({
  page: whole(1, 100_000_000),
  limit: whole(10, 100),
  status: campaignStatusSchema.optional(),
  title: z.string().min(1).max(100).optional(),
  startDate: since.optional(),
  endDate: until.optional(),
  sortBy: z.enum(sortFields).default('createdAt'),
  sortOrder: z.enum(['asc', 'desc']).default('desc'),
})
const scheduledQuery = listQuery.omit({ status: true }).extend({
  sortBy: z.enum(sortFields).default('scheduledAt'),
  sortOrder: z.enum(['asc', 'desc']).default('asc'),
})
const searchQuery = listQuery.extend({ query: z.string().min(1).max(100) })

const includeQuery = z.strictObject({
  include: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(campaignIncludes)))
    .default([]),
})

export const addCampaignRoutes = (routes: Routes, context: CommandContext): void => {
  routes.add('POST', '/api/campaigns', { body: createCampaignRequest }, async (call) => {
    const hasKey = call.idempotencyKey !== undefined
    const row = await createCampaign(context, routes.actor(call), call.body, hasKey)
    const location = `/api/campaigns/${row.campaignId}`
    return {
      ...routes.reply(row, 'Campaign created'),
      status: 201,
      headers: { location, etag: etagOf(row) },
    }
  })

  const list = (principal: Principal, { page, limit, sortBy, sortOrder, ...asked }: Asked) => {
    const filter = filterOf(principal, asked)
    const total = context.catalogue.countCampaigns(filter)
    const rows = context.catalogue.campaigns(
      filter,
      { limit, offset: (page - 1) * limit },
      { field: sortBy, order: sortOrder },
    )
    const pagination: Pagination = { page, limit, total, totalPages: Math.ceil(total / limit) }
    return { body: { campaigns: rows.map(routes.campaign), pagination } }
  }
  routes.add('GET', '/api/campaigns', { query: listQuery }, ({ principal, query }) => list(principal, query))
  // Before the route with an id.
  routes.add('GET', '/api/campaigns/search', { query: searchQuery }, ({ principal, query }) =>
    list(principal, query),
  )

  routes.add('GET', '/api/campaigns/scheduled', { query: scheduledQuery }, ({ principal, query }) =>
    list(principal, { ...query, status: 'SCHEDULED' }),
  )

  const one = { params: campaignParams, query: includeQuery }
  routes.add('GET', '/api/campaigns/:id', one, async ({ principal, params, query }) => {
    const row = await findCampaign(context, principal, params.id)
    const campaign = { ...routes.campaign(row), ...(await includesOf(context, row, query.include)) }
    return { body: { campaign }, headers: { etag: etagOf(row) } }
  })

  addDeletion(routes, context)
  addChanges(routes, context)
  addLooks(routes, context)
}

type Asked = z.output<typeof listQuery> & { readonly query?: string }

const addDeletion = (routes: Routes, context: CommandContext): void => {
  const params = campaignParams

  routes.add('DELETE', '/api/campaigns/:id', { params }, async (call) => {
    const { campaignId } = await findEvenDeleted(context, call.principal, call.params.id, canRunCampaign)
    return routes.reply(await deleteCampaign(context, routes.actor(call), campaignId), 'Campaign deleted')
  })

  routes.add('POST', '/api/campaigns/:id/restore', { params }, async (call) => {
    const { campaignId } = await findEvenDeleted(context, call.principal, call.params.id, canRunCampaign)
    return routes.reply(await restoreCampaign(context, routes.actor(call), campaignId), 'Campaign restored')
  })
}

/** `progress` is in every reply. */
const includesOf = async (
  context: CommandContext,
  row: CampaignRow,
  include: readonly (typeof campaignIncludes)[number][],
): Promise<Omit<CampaignWithIncludes, keyof CampaignReply>> => {
  const wants = (name: (typeof campaignIncludes)[number]) => include.includes(name)
  const { campaignId, status, progress } = row
  const list = wants('recipients')
    ? (await loadCampaign(context, campaignId))?.campaign.details.recipients
    : undefined
  const url = `/api/campaigns/${campaignId}/recipients`
  const report = {
    status,
    totalSent: progress.sent,
    totalFailed: progress.failed,
    reportUrl: reportUrlOf(campaignId),
  }
  return {
    ...(wants('recipients')
      ? { recipients: { total: list?.total ?? 0, variables: [...(list?.variables ?? [])], url } }
      : {}),
    ...(wants('attachments') ? { attachments: [] } : {}),
    ...(wants('report') ? { report } : {}),
  }
}

/** What the user may see of what they ask for. */
const filterOf = (
  { tenant, userId, roles, campaigns }: Principal,
  asked: {
    status?: CampaignStatus | undefined
    title?: string | undefined
    startDate?: string | undefined
    endDate?: string | undefined
    query?: string | undefined
  },
): CampaignFilter => ({
  tenant,
  ownerId: roles.some((role) => role !== 'member') ? undefined : userId,
  campaigns: roles.length === 0 ? [] : campaigns,
  status: asked.status,
  title: asked.title,
  createdFrom: asked.startDate,
  createdTo: asked.endDate,
  query: asked.query,
})

const addChanges = (routes: Routes, context: CommandContext): void => {
  const { settings } = context
  const params = campaignParams

  routes.add('PUT', '/api/campaigns/:id/title', { params, body: changeTitleRequest }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    const command = { type: 'ChangeTitle', data: call.body } as const
    return routes.reply(
      await handleCampaign(context, routes.actor(call), campaignId, command),
      'Title changed',
    )
  })

  routes.add('PUT', '/api/campaigns/:id/message', { params, body: changeMessageRequest }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    await demandFittingMessage(context, campaignId, call.body.message)
    const command = { type: 'ChangeMessage', data: call.body } as const
    return routes.reply(
      await handleCampaign(context, routes.actor(call), campaignId, command),
      'Message changed',
    )
  })

  routes.add('PUT', '/api/campaigns/:id/interval', { params, body: changeIntervalRequest }, async (call) => {
    const { campaignId } = await routes.runnable(call)
    const intervalMs = parseInterval(call.body.interval)
    if (intervalMs < settings.PACING_MIN_INTERVAL) throw tooShort(settings.PACING_MIN_INTERVAL)
    const command = { type: 'SetPacing', data: { intervalMs, schedule: scheduleOf(call.body) } } as const
    return routes.reply(
      await handleCampaign(context, routes.actor(call), campaignId, command),
      'Interval changed',
    )
  })
}

/** Null takes a schedule away, undefined leaves it as it is. */
const scheduleOf = ({
  sendType,
  scheduledAt,
  timezone,
  missedRun,
  missedRunLimit,
}: z.output<typeof changeIntervalRequest>): Schedule | null | undefined => {
  if (scheduledAt === undefined) return sendType === 'immediate' ? null : undefined
  const schedule = { scheduledAt, timezone, missedRun, missedRunLimitMs: missedRunLimit }
  const fault = scheduleFault(schedule, Date.now())
  if (fault === undefined) return schedule
  throw new ProblemError('invalid_request', {
    errors: [{ path: 'scheduledAt', code: 'invalid_value', message: fault }],
  })
}

const tooShort = (minMs: number): ProblemError =>
  new ProblemError('invalid_request', {
    errors: [{ path: 'interval', code: 'too_small', message: `at least ${intervalText(minMs)}` }],
  })

const addLooks = (routes: Routes, context: CommandContext): void => {
  const { settings } = context
  const params = campaignParams

  routes.add('GET', '/api/campaigns/:id/preview', { params }, async (call) => {
    const { campaignId } = await findCampaign(context, call.principal, call.params.id)
    return { body: { previews: await previewsOf(context, campaignId) } }
  })

  routes.add('GET', '/api/campaigns/:id/history', { params }, async (call) => {
    const { campaignId } = await findCampaign(context, call.principal, call.params.id)
    return { body: { history: await readHistory(context.store, campaignId) } }
  })

  routes.add('GET', '/api/campaigns/:id/estimate', { params }, async (call) => {
    const row = await findCampaign(context, call.principal, call.params.id)
    return { body: { estimate: estimate(planOf(row, settings)) } }
  })
}

const previewsOf = async (context: CommandContext, id: CampaignRow['campaignId']): Promise<Preview[]> => {
  const details = (await loadCampaign(context, id))?.campaign.details
  if (details === undefined) return []
  const previews: Preview[] = []
  for await (const recipient of readRecipients(context.store, id, details.recipients?.chunks ?? [])) {
    previews.push(previewOf(details.message, recipient, previews.length + 1))
    if (previews.length === PREVIEWS) break
  }
  return previews
}

const planOf = (row: CampaignRow, settings: CommandContext['settings']) => {
  const { total, sent, failed } = row.progress
  const delayMs = row.startedAt === undefined ? settings.FIRST_SEND_DELAY : 0
  return {
    pending: Math.max(0, total - sent - failed),
    intervalMs: row.intervalMs ?? defaultIntervalMs(settings),
    minIntervalMs: settings.PACING_MIN_INTERVAL,
    startsAt: new Date(Date.now() + delayMs),
  }
}
