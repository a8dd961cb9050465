// The ledger's index as its users see it: campaigns, recipients' states, message ids, sessions.
import { join } from 'node:path'

import {
  type CampaignId,
  campaignIdSchema,
  type CampaignStatus,
  type MessageId,
  type RecipientState,
  type Schedule,
  scheduleSchema,
  type SessionId,
  sessionIdSchema,
  type TenantId,
  tenantIdSchema,
  type Totals,
  totalsOfPending,
  totalsSchema,
  type UserId,
  userIdSchema,
} from '@peyk/contracts'
import { openReadModel, type ReadModel } from '@peyk/read-model'

import { ledgerProjection, openPositions, type Project, type Touched } from './project.ts'
import { LEDGER_VERSION, ledgerSchema } from './schema.ts'

export interface CampaignRow {
  readonly campaignId: CampaignId
  readonly tenant: TenantId
  readonly ownerId: UserId
  readonly title: string
  readonly message: string
  readonly status: CampaignStatus
  readonly total: number
  readonly totals: Totals
  readonly intervalMs: number | undefined
  readonly schedule: Schedule | undefined
  readonly sessionId: SessionId | undefined
  readonly runKey: string | undefined
  readonly attempt: number
  /** The attempt whose recipients are all open again; behind `attempt` a retry has still to open some. */
  readonly reopened: number
  readonly retryUnconfirmed: boolean
  /** The epoch of OUTCOMES that the run was started or resumed in. */
  readonly epoch: string | undefined
  /** The epoch that jobs were published in; another than today's means that outcomes were lost. */
  readonly dispatchEpoch: string | undefined
  readonly notBefore: string | undefined
  readonly startedAt: string | undefined
  readonly completedAt: string | undefined
  readonly dispatchedTo: number
  readonly outcomesRevision: number
  readonly restSkipped: boolean
  readonly isDeleted: boolean
  readonly correlationId: string | undefined
  readonly traceparent: string | undefined
  readonly changedAt: string
}

export interface SessionRow {
  readonly sessionId: SessionId
  readonly tenant: TenantId
  readonly ownerId: UserId
  readonly state: 'requested' | 'connected' | 'disconnected' | 'logged_out' | 'banned' | 'unlinking'
  readonly method: 'qr' | 'code'
  readonly qrFor: readonly CampaignId[]
}

export interface TestSendRow {
  readonly testId: string
  readonly campaignId: CampaignId
  readonly messageId: MessageId
  readonly correlationId: string
  readonly traceparent: string | undefined
  readonly requestedAt: string
}

export interface RecipientRow {
  readonly state: RecipientState
  readonly attempt: number
}

export interface SentMessage extends RecipientRow {
  readonly campaignId: CampaignId
  readonly position: number
}

export interface LedgerModel {
  readonly readModel: ReadModel
  readonly project: Project
  /** Touched since the last call. */
  takeTouched(): Touched
  campaign(id: CampaignId): CampaignRow | undefined
  campaignsIn(statuses: readonly CampaignStatus[]): readonly CampaignRow[]
  campaignsOf(session: SessionId): readonly CampaignRow[]
  everyCampaign(): IterableIterator<CampaignRow>
  session(id: string): SessionRow | undefined
  sessions(): readonly SessionRow[]
  testSends(id: CampaignId, requestedSince: string): readonly TestSendRow[]
  testSendsSince(requestedAt: string): readonly TestSendRow[]
  recipient(id: CampaignId, position: number): RecipientRow | undefined
  messages(id: MessageId): SentMessage | undefined
  /** Positions up to `to` without an outcome. */
  openPositions(id: CampaignId, to: number): readonly number[]
  /** Who ended badly in an earlier attempt than this, the first of them. */
  retryable(
    id: CampaignId,
    attempt: number,
    states: readonly RecipientState[],
    limit: number,
  ): readonly number[]
  chunkOf(
    id: CampaignId,
    position: number,
  ): { chunk: number; firstPosition: number; size: number } | undefined
}

type Raw = Record<string, string | number | null>

const optional = (value: string | number | null | undefined): string | undefined =>
  value === null || value === undefined ? undefined : String(value)

const campaignRow = (raw: Raw): CampaignRow => {
  const totals = optional(raw['totals'])
  const schedule = optional(raw['schedule'])
  const sessionId = optional(raw['session_id'])
  const total = Number(raw['total'])
  return {
    campaignId: campaignIdSchema.parse(raw['campaign_id']),
    tenant: tenantIdSchema.parse(raw['tenant']),
    ownerId: userIdSchema.parse(raw['owner_id']),
    title: String(raw['title']),
    message: String(raw['message']),
    status: raw['status'] as CampaignStatus,
    total,
    totals: totals === undefined ? totalsOfPending(total) : totalsSchema.parse(JSON.parse(totals)),
    intervalMs: raw['interval_ms'] === null ? undefined : Number(raw['interval_ms']),
    schedule: schedule === undefined ? undefined : scheduleSchema.parse(JSON.parse(schedule)),
    sessionId: sessionId === undefined ? undefined : sessionIdSchema.parse(sessionId),
    runKey: optional(raw['run_key']),
    attempt: Number(raw['attempt']),
    reopened: Number(raw['reopened']),
    retryUnconfirmed: raw['retry_unconfirmed'] === 1,
    epoch: optional(raw['epoch']),
    dispatchEpoch: optional(raw['dispatch_epoch']),
    notBefore: optional(raw['not_before']),
    startedAt: optional(raw['started_at']),
    completedAt: optional(raw['completed_at']),
    dispatchedTo: Number(raw['dispatched_to']),
    outcomesRevision: Number(raw['outcomes_revision']),
    restSkipped: raw['rest_skipped'] === 1,
    isDeleted: raw['is_deleted'] === 1,
    correlationId: optional(raw['correlation_id']),
    traceparent: optional(raw['traceparent']),
    changedAt: String(raw['changed_at']),
  }
}

const sessionRow = (raw: Raw): SessionRow => ({
  sessionId: sessionIdSchema.parse(raw['session_id']),
  tenant: tenantIdSchema.parse(raw['tenant']),
  ownerId: userIdSchema.parse(raw['owner_id']),
  state: raw['state'] as SessionRow['state'],
  method: raw['method'] as SessionRow['method'],
  qrFor: JSON.parse(String(raw['qr_for'])) as CampaignId[],
})

/** Opens `<dataDir>/ledger.sqlite`; it is filled by the event store from its checkpoint on. */
export const openLedgerModel = (dataDir: string): LedgerModel => {
  const readModel = openReadModel({
    file: join(dataDir, 'ledger.sqlite'),
    name: 'ledger',
    version: LEDGER_VERSION,
    schema: ledgerSchema,
  })
  const { database } = readModel
  let touched: Touched = { campaigns: new Set(), sessions: new Set() }
  const collect: Touched = {
    get campaigns() {
      return touched.campaigns
    },
    get sessions() {
      return touched.sessions
    },
  }
  const takeTouched = () => {
    const taken = touched
    touched = { campaigns: new Set(), sessions: new Set() }
    return taken
  }
  return { readModel, project: ledgerProjection(database, collect), takeTouched, ...queries(database) }
}

const queries = (
  database: ReadModel['database'],
): Omit<LedgerModel, 'readModel' | 'project' | 'takeTouched'> => {
  const byId = database.prepare<[number], Raw>('select * from campaigns where campaign_id = ?')
  const byStatus = database.prepare<[string], Raw>(
    'select * from campaigns where status in (select value from json_each(?)) order by campaign_id',
  )
  const bySession = database.prepare<[string], Raw>(
    'select * from campaigns where session_id = ? order by campaign_id',
  )
  const every = database.prepare<[], Raw>('select * from campaigns order by campaign_id')
  const oneSession = database.prepare<[string], Raw>('select * from sessions where session_id = ?')
  const allSessions = database.prepare<[], Raw>('select * from sessions')
  const tests = database.prepare<[number, string], Raw>(
    'select * from test_sends where campaign_id = ? and requested_at >= ?',
  )
  const testsSince = database.prepare<[string], Raw>('select * from test_sends where requested_at >= ?')
  const recipient = database.prepare<[number, number], RecipientRow>(
    'select state, attempt from recipients where campaign_id = ? and position = ?',
  )
  const message = database.prepare<[string], SentMessage>(
    'select campaign_id as campaignId, position, state, attempt from recipients where message_id = ?',
  )
  const chunk = database.prepare<
    [number, number, number],
    { chunk: number; firstPosition: number; size: number }
  >(
    `select chunk, first_position as firstPosition, size from chunks
     where campaign_id = ? and counts = 1 and first_position <= ? and first_position + size > ? limit 1`,
  )
  const retryable = database.prepare<[number, number, string, number], { position: number }>(
    `select position from recipients where campaign_id = ? and attempt < ?
       and state in (select value from json_each(?)) order by position limit ?`,
  )
  const optionalRow = <Row>(raw: Raw | undefined, read: (raw: Raw) => Row) =>
    raw === undefined ? undefined : read(raw)
  return {
    campaign: (id) => optionalRow(byId.get(id), campaignRow),
    campaignsIn: (statuses) => byStatus.all(JSON.stringify(statuses)).map(campaignRow),
    campaignsOf: (session) => bySession.all(session).map(campaignRow),
    everyCampaign: () => every.all().map(campaignRow).values(),
    session: (id) => optionalRow(oneSession.get(id), sessionRow),
    sessions: () => allSessions.all().map(sessionRow),
    testSends: (id, since) => tests.all(id, since).map(testSendRow),
    testSendsSince: (requestedAt) => testsSince.all(requestedAt).map(testSendRow),
    recipient: (id, position) => recipient.get(id, position) ?? skippedRest(byId.get(id)),
    messages: (id) => message.get(id),
    openPositions: openPositions(database),
    retryable: (id, attempt, states, limit) =>
      retryable.all(id, attempt, JSON.stringify(states), limit).map(({ position }) => position),
    chunkOf: (id, position) => chunk.get(id, position, position),
  }
}

/** After a cancel whoever has no row of their own was skipped. */
const skippedRest = (raw: Raw | undefined): RecipientRow | undefined =>
  raw?.['rest_skipped'] === 1 ? { state: 'skipped', attempt: Number(raw['attempt']) } : undefined

const testSendRow = (raw: Raw): TestSendRow => ({
  testId: String(raw['test_id']),
  campaignId: campaignIdSchema.parse(raw['campaign_id']),
  messageId: String(raw['message_id']) as MessageId,
  correlationId: String(raw['correlation_id']),
  traceparent: optional(raw['traceparent']),
  requestedAt: String(raw['requested_at']),
})
