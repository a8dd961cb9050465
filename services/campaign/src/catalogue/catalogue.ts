// Campaigns and WhatsApp numbers as lists and replies show them: this process' own copy, in SQLite.
import { join } from 'node:path'

import {
  type CampaignId,
  campaignIdSchema,
  type CampaignStatus,
  campaignStatusSchema,
  type Progress,
  type Schedule,
  scheduleSchema,
  type SessionId,
  sessionIdSchema,
  type SessionReply,
  sessionReplySchema,
  type TenantId,
  tenantIdSchema,
  type UserId,
  userIdSchema,
} from '@peyk/contracts'
import { type DiscardReason, openReadModel, type ReadModel, type ReadModelDatabase } from '@peyk/read-model'
import { z } from 'zod'

import { foldText, searchedText } from './fold-text.ts'
import { CATALOGUE_VERSION, catalogueSchema } from './schema.ts'

export interface CampaignRow {
  readonly campaignId: CampaignId
  readonly tenant: TenantId
  readonly ownerId: UserId
  readonly title: string
  readonly message: string
  readonly status: CampaignStatus
  readonly progress: Progress
  readonly intervalMs: number | undefined
  readonly schedule: Schedule | undefined
  readonly sessionId: SessionId | undefined
  readonly createdAt: string
  readonly startedAt: string | undefined
  readonly completedAt: string | undefined
  /** Of a deleted one: until then it can be had back. Lists leave it out. */
  readonly restorableUntil: string | undefined
  /** Of its last event: its ETag. */
  readonly revision: bigint
}

export interface SessionRow {
  readonly sessionId: SessionId
  readonly tenant: TenantId
  readonly ownerId: UserId
  readonly state: SessionReply['state']
  /** Masked; undefined until it was linked. */
  readonly number: string | undefined
  readonly lastActivity: string
}

export interface CampaignFilter {
  readonly tenant: TenantId
  /** Only those of this user. */
  readonly ownerId?: UserId | undefined
  /** Only these. */
  readonly campaigns?: readonly CampaignId[] | undefined
  readonly status?: CampaignStatus | undefined
  /** A part of the title, however it is typed. */
  readonly title?: string | undefined
  readonly createdFrom?: string | undefined
  readonly createdTo?: string | undefined
  /** Words that title or message have, however they are typed. */
  readonly query?: string | undefined
}

/** What a list can be sorted by. */
export const sortFields = [
  'createdAt',
  'title',
  'status',
  'startedAt',
  'completedAt',
  'scheduledAt',
  'total',
  'sent',
] as const

export interface SortBy {
  readonly field: (typeof sortFields)[number]
  readonly order: 'asc' | 'desc'
}

export interface Page {
  readonly limit: number
  readonly offset: number
}

export interface Catalogue {
  readonly readModel: ReadModel
  campaign(id: CampaignId): CampaignRow | undefined
  /** The newest first, unless another order is asked for. */
  campaigns(filter: CampaignFilter, page: Page, sortBy?: SortBy): readonly CampaignRow[]
  countCampaigns(filter: CampaignFilter): number
  session(id: SessionId): SessionRow | undefined
  sessions(filter: Pick<CampaignFilter, 'tenant' | 'ownerId'>): readonly SessionRow[]
  /** Whether a campaign sends with this number now. */
  isSending(id: SessionId): boolean
}

type Raw = Readonly<Record<string, string | number | null>>

const campaignRaw = z.object({
  campaign_id: campaignIdSchema,
  tenant: tenantIdSchema,
  owner_id: userIdSchema,
  title: z.string(),
  message: z.string(),
  status: campaignStatusSchema,
  total: z.number(),
  sent: z.number(),
  failed: z.number(),
  delivered: z.number(),
  interval_ms: z.number().nullable(),
  schedule: z.string().nullable(),
  session_id: sessionIdSchema.nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  completed_at: z.string().nullable(),
  restorable_until: z.string().nullable(),
  revision: z.number(),
})

const campaignOf = (raw: Raw): CampaignRow => {
  const row = campaignRaw.parse(raw)
  return {
    campaignId: row.campaign_id,
    tenant: row.tenant,
    ownerId: row.owner_id,
    title: row.title,
    message: row.message,
    status: row.status,
    progress: { total: row.total, sent: row.sent, failed: row.failed, delivered: row.delivered },
    intervalMs: row.interval_ms ?? undefined,
    schedule: row.schedule === null ? undefined : scheduleSchema.parse(JSON.parse(row.schedule)),
    sessionId: row.session_id ?? undefined,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    completedAt: row.completed_at ?? undefined,
    restorableUntil: row.restorable_until ?? undefined,
    revision: BigInt(row.revision),
  }
}

const sessionRaw = z.object({
  session_id: sessionIdSchema,
  tenant: tenantIdSchema,
  owner_id: userIdSchema,
  state: sessionReplySchema.shape.state,
  number: z.string().nullable(),
  last_activity: z.string(),
})

const sessionOf = (raw: Raw): SessionRow => {
  const row = sessionRaw.parse(raw)
  return {
    sessionId: row.session_id,
    tenant: row.tenant,
    ownerId: row.owner_id,
    state: row.state,
    number: row.number ?? undefined,
    lastActivity: row.last_activity,
  }
}

const MAX_QUERY_WORDS = 10

const FILTER = `tenant = @tenant and restorable_until is null
  and (@ownerId is null or owner_id = @ownerId)
  and (@campaigns is null or campaign_id in (select value from json_each(@campaigns)))
  and (@status is null or status = @status)
  and (@title is null or instr(folded_title, @title) > 0)
  and (@words is null or not exists (select 1 from json_each(@words) where instr(searched, value) = 0))
  and (@createdFrom is null or created_at >= @createdFrom)
  and (@createdTo is null or created_at <= @createdTo)`

const parametersOf = (filter: CampaignFilter): Raw => ({
  tenant: filter.tenant,
  ownerId: filter.ownerId ?? null,
  campaigns: filter.campaigns === undefined ? null : JSON.stringify(filter.campaigns),
  status: filter.status ?? null,
  title: filter.title === undefined ? null : searchedText(filter.title),
  words: filter.query === undefined ? null : JSON.stringify(wordsOf(filter.query)),
  createdFrom: filter.createdFrom ?? null,
  createdTo: filter.createdTo ?? null,
})

const wordsOf = (query: string): readonly string[] => foldText(query).split(' ').slice(0, MAX_QUERY_WORDS)

/** The only names that reach SQL. */
const sortColumns: Record<SortBy['field'], string> = {
  createdAt: 'campaign_id',
  title: 'title_key',
  status: 'status',
  startedAt: 'started_at',
  completedAt: 'completed_at',
  scheduledAt: 'due_at',
  total: 'total',
  sent: 'sent',
}

const newestFirst: SortBy = { field: 'createdAt', order: 'desc' }

const MAX_SESSIONS_SHOWN = 1_000

/** Opens `<dataDir>/catalogue.sqlite`; a projection fills it. */
export const openCatalogue = (dataDir: string, onDiscarded: (reason: DiscardReason) => void): Catalogue => {
  const readModel = openReadModel({
    file: join(dataDir, 'catalogue.sqlite'),
    name: 'catalogue',
    version: CATALOGUE_VERSION,
    schema: catalogueSchema,
    onDiscarded,
  })
  return { readModel, ...campaignQueries(readModel.database), ...sessionQueries(readModel.database) }
}

const campaignQueries = (database: ReadModelDatabase) => {
  const byId = database.prepare<[number], Raw>('select * from campaigns where campaign_id = ?')
  const pages = new Map<string, ReturnType<typeof pageOf>>()
  const pageOf = ({ field, order }: SortBy) =>
    database.prepare<[Raw], Raw>(
      `select * from campaigns where ${FILTER}
       order by ${sortColumns[field]} ${order === 'asc' ? 'asc' : 'desc'}, campaign_id desc limit @limit offset @offset`,
    )
  const pageBy = (sortBy: SortBy) => {
    const key = `${sortBy.field} ${sortBy.order}`
    const page = pages.get(key) ?? pageOf(sortBy)
    pages.set(key, page)
    return page
  }
  const count = database.prepare<[Raw], number>(`select count(*) from campaigns where ${FILTER}`).pluck()
  const sending = database
    .prepare<[string], number>("select 1 from campaigns where session_id = ? and status = 'RUNNING' limit 1")
    .pluck()
  return {
    campaign: (id: CampaignId) => {
      const raw = byId.get(id)
      return raw === undefined ? undefined : campaignOf(raw)
    },
    campaigns: (filter: CampaignFilter, { limit, offset }: Page, sortBy: SortBy = newestFirst) =>
      pageBy(sortBy)
        .all({ ...parametersOf(filter), limit, offset })
        .map(campaignOf),
    countCampaigns: (filter: CampaignFilter) => count.get(parametersOf(filter)) ?? 0,
    isSending: (id: SessionId) => sending.get(id) === 1,
  }
}

const sessionQueries = (database: ReadModelDatabase) => {
  const byId = database.prepare<[string], Raw>('select * from sessions where session_id = ?')
  const ofTenant = database.prepare<[Raw], Raw>(
    `select * from sessions where tenant = @tenant and (@ownerId is null or owner_id = @ownerId)
     order by session_id limit ${MAX_SESSIONS_SHOWN}`,
  )
  return {
    session: (id: SessionId) => {
      const raw = byId.get(id)
      return raw === undefined ? undefined : sessionOf(raw)
    },
    sessions: ({ tenant, ownerId }: Pick<CampaignFilter, 'tenant' | 'ownerId'>) =>
      ofTenant.all({ tenant, ownerId: ownerId ?? null }).map(sessionOf),
  }
}
