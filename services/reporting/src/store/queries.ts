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
}

export interface ReportedRecipient {
  readonly position: number
  readonly phone: string
  readonly spelling: string
  readonly name: string | null
  readonly variables: Readonly<Record<string, string>>
  readonly state: RecipientState
  readonly reason: OutcomeReason | null
  readonly attempt: number
  readonly sentAt: string | null
  readonly deliveredAt: string | null
  readonly readAt: string | null
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
  everyRecipient(id: CampaignId): Iterable<ReportedRecipient>
  reasons(id: CampaignId): readonly { readonly reason: OutcomeReason; readonly count: number }[]
  numbers(
    id: CampaignId,
  ): readonly { readonly sessionId: SessionId; readonly number: string | null; readonly sent: number }[]
}

type Raw = Readonly<Record<string, string | number | null>>

const campaignColumns = 'select * from campaigns where campaign_id = ?'
/** A chunk counts once its import is through. */
const counted = `from recipients join campaigns using (campaign_id) where recipients.campaign_id = ? and chunk <= last_chunk`
const recipientColumns = `select position, phone, spelling, name, variables, recipients.state, reason, attempt,
  sent_at, delivered_at, read_at ${counted}`
const sentStates = `('sent', 'delivered', 'read', 'replied')`

export const reportingQueries = (database: ReadModelDatabase): ReportingQueries => {
  const campaign = database.prepare<[number], Raw>(campaignColumns)
  const page = database.prepare<[number, string | null, string | null, number, number], Raw>(
    `${recipientColumns} and (? is null or recipients.state = ?) order by position limit ? offset ?`,
  )
  const count = database
    .prepare<[number, string | null, string | null], number>(
      `select count(*) ${counted} and (? is null or recipients.state = ?)`,
    )
    .pluck()
  const after = database.prepare<[number, number], Raw>(
    `${recipientColumns} and position > ? order by position limit ${EXPORT_PAGE}`,
  )
  const reasons = database.prepare<[number], { reason: OutcomeReason; count: number }>(
    `select reason, count(*) as count ${counted} and reason is not null and recipients.state not in ${sentStates}
     group by reason order by count desc, reason`,
  )
  const numbers = database.prepare<[number], { sessionId: SessionId; number: string | null; sent: number }>(
    `select recipients.session_id as sessionId, sessions.number as number, count(*) as sent
     from recipients join campaigns using (campaign_id) left join sessions on sessions.session_id = recipients.session_id
     where recipients.campaign_id = ? and chunk <= last_chunk and recipients.state in ${sentStates}
       and recipients.session_id is not null
     group by recipients.session_id order by recipients.session_id`,
  )
  return {
    campaign: (id) => {
      const raw = campaign.get(id)
      return raw === undefined ? undefined : campaignOf(raw)
    },
    recipients: (id, { state = null, limit, offset }) =>
      page.all(id, state, state, limit, offset).map(recipientOf),
    countRecipients: (id, state) => count.get(id, state ?? null, state ?? null) ?? 0,
    everyRecipient: (id) => inPages((position) => after.all(id, position).map(recipientOf)),
    reasons: (id) => reasons.all(id),
    numbers: (id) => numbers.all(id),
  }
}

const EXPORT_PAGE = 1_000

/** Pages, so that a slow download never holds a statement open while the projection writes. */
function* inPages(read: (after: number) => readonly ReportedRecipient[]): Iterable<ReportedRecipient> {
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
  }
}

const recipientOf = (raw: Raw): ReportedRecipient => ({
  position: Number(raw['position']),
  phone: String(raw['phone']),
  spelling: String(raw['spelling']),
  name: text(raw['name']) ?? null,
  variables: JSON.parse(String(raw['variables'])) as Record<string, string>,
  state: raw['state'] as RecipientState,
  reason: (text(raw['reason']) ?? null) as OutcomeReason | null,
  attempt: Number(raw['attempt']),
  sentAt: text(raw['sent_at']) ?? null,
  deliveredAt: text(raw['delivered_at']) ?? null,
  readAt: text(raw['read_at']) ?? null,
})
