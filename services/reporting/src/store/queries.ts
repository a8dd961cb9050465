// What reports ask of the rows. Every campaign is asked for with its tenant in hand: access is decided by the caller.
import {
  campaignIdSchema,
  type CampaignId,
  type CampaignStatus,
  type OutcomeReason,
  type RecipientState,
  sessionIdSchema,
  type SessionId,
  tenantIdSchema,
  type TenantId,
  type Totals,
  totalsOfPending,
  totalsSchema,
  userIdSchema,
  type UserId,
} from '@peyk/contracts'
import type { ReadModelDatabase } from '@peyk/read-model'

import { type Timeline, timelineQuery } from './timeline.ts'

export interface ReportedCampaign {
  readonly campaignId: CampaignId
  readonly tenant: TenantId
  readonly ownerId: UserId
  readonly title: string
  readonly message: string
  readonly status: CampaignStatus
  readonly totals: Totals
  readonly intervalMs: number | undefined
  readonly sessionId: SessionId | undefined
  readonly createdAt: string
  readonly startedAt: string | undefined
  readonly completedAt: string | undefined
  readonly firstSentAt: string | null
  readonly lastSentAt: string | null
}

/** A recipient without the variables: what a file has of it. */
export interface ListedRecipient {
  readonly position: number
  readonly spelling: string
  readonly name: string | null
  readonly state: RecipientState
  readonly reason: OutcomeReason | null
  readonly attempt: number
  readonly sentAt: string | null
  readonly deliveredAt: string | null
  readonly readAt: string | null
}

export interface ReportedRecipient extends ListedRecipient {
  readonly variables: Readonly<Record<string, string>>
}

export interface RecipientPage {
  readonly state?: RecipientState | undefined
  readonly limit: number
  readonly offset: number
}

export interface ReportingQueries {
  campaign(id: CampaignId): ReportedCampaign | undefined
  recipients(id: CampaignId, page: RecipientPage): readonly ReportedRecipient[]
  countRecipients(id: CampaignId, state?: RecipientState): number
  /** All of a campaign, one by one, in the order of the list. */
  everyRecipient(id: CampaignId): Iterable<ListedRecipient>
  reasons(id: CampaignId): readonly ReasonCount[]
  numbers(id: CampaignId): readonly NumberCount[]
  /** Undefined when nothing was sent. */
  timeline(id: CampaignId): Timeline | undefined
}

export interface ReasonCount {
  readonly state: RecipientState
  readonly reason: OutcomeReason
  readonly count: number
}

export interface NumberCount {
  readonly sessionId: SessionId
  readonly number: string | null
  readonly sent: number
}

type Raw = Readonly<Record<string, string | number | null>>

/** A chunk counts once its import is through. */
const counted = `from recipients join campaigns using (campaign_id)
  left join outcomes on outcomes.campaign_id = recipients.campaign_id and outcomes.position = recipients.position
  where recipients.campaign_id = ? and chunk <= last_chunk`
const listed = `recipients.position, spelling, name, ifnull(outcomes.state, 'pending') as state, reason,
  ifnull(attempt, 0) as attempt, sent_at, delivered_at, read_at`

export const reportingQueries = (database: ReadModelDatabase): ReportingQueries => {
  const campaign = database.prepare<[number], Raw>(
    'select * from campaigns where campaign_id = ? and is_deleted = 0',
  )
  const page = database.prepare<[number, string | null, string | null, number, number], Raw>(
    `select ${listed}, variables ${counted} and (? is null or ifnull(outcomes.state, 'pending') = ?)
     order by recipients.position limit ? offset ?`,
  )
  const count = database
    .prepare<[number, string | null, string | null], number>(
      `select count(*) ${counted} and (? is null or ifnull(outcomes.state, 'pending') = ?)`,
    )
    .pluck()
  const after = database.prepare<[number, number], Raw>(
    `select ${listed} ${counted} and recipients.position > ? order by recipients.position limit ${EXPORT_PAGE}`,
  )
  const reasons = database.prepare<[number], ReasonCount>(
    `select state, reason, sum(count) as count from counts where campaign_id = ? and reason <> '' and count > 0
     group by state, reason order by count desc, state, reason`,
  )
  const numbers = database.prepare<[number], NumberCount>(
    `select session_id as sessionId, number, sum(count) as sent from counts left join sessions using (session_id)
     where campaign_id = ? and counts.state in ('sent', 'delivered', 'read', 'replied') and session_id <> ''
     group by session_id having sum(count) > 0 order by session_id`,
  )
  return {
    campaign: (id) => {
      const raw = campaign.get(id)
      return raw === undefined ? undefined : campaignOf(raw)
    },
    recipients: (id, { state = null, limit, offset }) =>
      page.all(id, state, state, limit, offset).map(recipientOf),
    countRecipients: (id, state) => count.get(id, state ?? null, state ?? null) ?? 0,
    everyRecipient: (id) => inPages((position) => after.all(id, position).map(listedOf)),
    reasons: (id) => reasons.all(id),
    numbers: (id) => numbers.all(id),
    timeline: timelineQuery(database),
  }
}

const EXPORT_PAGE = 1_000

/** Pages, so that a slow download never holds a statement open while the projection writes. */
function* inPages(read: (after: number) => readonly ListedRecipient[]): Iterable<ListedRecipient> {
  let last = 0
  for (;;) {
    const rows = read(last)
    yield* rows
    last = rows.at(-1)?.position ?? last
    if (rows.length < EXPORT_PAGE) return
  }
}

const text = (value: string | number | null | undefined): string | undefined =>
  value === null || value === undefined ? undefined : String(value)

const campaignOf = (raw: Raw): ReportedCampaign => {
  const totals = text(raw['totals'])
  const session = text(raw['session_id'])
  return {
    campaignId: campaignIdSchema.parse(raw['campaign_id']),
    tenant: tenantIdSchema.parse(raw['tenant']),
    ownerId: userIdSchema.parse(raw['owner_id']),
    title: String(raw['title']),
    message: String(raw['message']),
    status: raw['status'] as CampaignStatus,
    totals:
      totals === undefined ? totalsOfPending(Number(raw['total'])) : totalsSchema.parse(JSON.parse(totals)),
    intervalMs: raw['interval_ms'] === null ? undefined : Number(raw['interval_ms']),
    sessionId: session === undefined ? undefined : sessionIdSchema.parse(session),
    createdAt: String(raw['created_at']),
    startedAt: text(raw['started_at']),
    completedAt: text(raw['completed_at']),
    firstSentAt: instant(raw['first_sent_at']),
    lastSentAt: instant(raw['last_sent_at']),
  }
}

const instant = (value: string | number | null | undefined): string | null =>
  value === null || value === undefined ? null : new Date(Number(value)).toISOString()

const listedOf = (raw: Raw): ListedRecipient => ({
  position: Number(raw['position']),
  spelling: String(raw['spelling']),
  name: text(raw['name']) ?? null,
  state: raw['state'] as RecipientState,
  reason: (text(raw['reason']) ?? null) as OutcomeReason | null,
  attempt: Number(raw['attempt']),
  sentAt: instant(raw['sent_at']),
  deliveredAt: instant(raw['delivered_at']),
  readAt: instant(raw['read_at']),
})

const recipientOf = (raw: Raw): ReportedRecipient => ({
  ...listedOf(raw),
  variables: JSON.parse(String(raw['variables'])) as Record<string, string>,
})
