// Events to the rows of the catalogue.
import {
  type CampaignEvent,
  type CampaignId,
  campaignIdTextSchema,
  type CampaignStatus,
  eventStreamPrefixes,
  type OutcomeEvent,
  progressOf,
  readCampaignEvent,
  readOutcomeEvent,
  readSessionEvent,
  type SessionEvent,
  type SessionReply,
  type Totals,
} from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { dueAtMs } from '../domain/campaign/schedule.ts'
import { searchedText, sortKey } from './fold-text.ts'

type Columns = Readonly<Record<string, string | number | null>>

export const cataloguePrefixes = [
  eventStreamPrefixes.campaign,
  eventStreamPrefixes.outcomes,
  eventStreamPrefixes.session,
]

/** The projection as one function over the three families of streams. */
export const catalogueProjection = (database: ReadModelDatabase): ((event: RecordedEvent) => void) => {
  const campaign = campaignProjection(database)
  const outcomes = outcomeProjection(database)
  const session = sessionProjection(database)
  return (event) => {
    const { streamName } = event
    if (streamName.startsWith(eventStreamPrefixes.campaign)) campaign(event, readCampaignEvent(event))
    else if (streamName.startsWith(eventStreamPrefixes.outcomes)) outcomes(event, readOutcomeEvent(event))
    else session(event, readSessionEvent(event))
  }
}

const campaignIdOf = ({ streamName }: RecordedEvent): CampaignId =>
  campaignIdTextSchema.parse(streamName.slice(streamName.indexOf('-') + 1))

const instantOf = ({ metadata }: RecordedEvent): string => String(metadata['occurredAt'])

const updater = (database: ReadModelDatabase, table: string, key: string) => {
  const statements = new Map<string, ReturnType<ReadModelDatabase['prepare']>>()
  return (id: string | number, columns: Columns): void => {
    const assignments = Object.keys(columns).map((name) => `${name} = @${name}`)
    const sql = `update ${table} set ${assignments.join(', ')} where ${key} = @id`
    const statement = statements.get(sql) ?? database.prepare(sql)
    statements.set(sql, statement)
    statement.run({ ...columns, id })
  }
}

const campaignProjection = (database: ReadModelDatabase) => {
  const insert = database.prepare(
    `insert or ignore into campaigns
      (campaign_id, tenant, owner_id, title, folded_title, title_key, message, searched, status, created_at, revision)
     values (@id, @tenant, @ownerId, @title, @folded_title, @title_key, @message, @searched, 'DRAFT', @at, @revision)`,
  )
  const statusOf = database.prepare<[number], CampaignStatus>(
    'select status from campaigns where campaign_id = ?',
  )
  const totalOf = database.prepare<[number], number>('select total from campaigns where campaign_id = ?')
  const textsOf = database.prepare<[number], Texts>(
    'select title, message from campaigns where campaign_id = ?',
  )
  const setReady = database.prepare(
    "update campaigns set status = 'READY' where campaign_id = ? and status = 'SCHEDULED'",
  )
  const update = updater(database, 'campaigns', 'campaign_id')
  return (recorded: RecordedEvent, event: CampaignEvent): void => {
    const id = campaignIdOf(recorded)
    const at = instantOf(recorded)
    const revision = Number(recorded.revision)
    if (event.type === 'CampaignCreated') {
      const { tenant, ownerId, title, message } = event.data
      const texts = { title, message }
      const columns = { ...titleColumns(title), searched: searchedOf(texts), message }
      insert.run({ id, tenant, ownerId, ...columns, at, revision })
      return
    }
    update(id, { ...changes(event, at), revision })
    const texts =
      event.type === 'TitleChanged' || event.type === 'MessageChanged' ? textsOf.get(id) : undefined
    if (texts !== undefined) update(id, { searched: searchedOf(texts) })
    if (isEndOfSchedule(event)) setReady.run(id)
    if (event.type !== 'MessageChanged' && event.type !== 'RecipientsImported') return
    const status = statusOf.pluck().get(id)
    const total = totalOf.pluck().get(id) ?? 0
    if (status === 'DRAFT' && total > 0) update(id, { status: 'READY' })
  }
}

const isEndOfSchedule = (event: CampaignEvent): boolean =>
  event.type === 'ScheduleCancelled' || (event.type === 'ScheduleMissed' && event.data.taken === 'skip')

interface Texts {
  readonly title: string
  readonly message: string
}

const searchedOf = ({ title, message }: Texts): string => searchedText(`${title} ${message}`)

const titleColumns = (title: string): Columns => ({
  title,
  folded_title: searchedText(title),
  title_key: sortKey(title),
})

const noSchedule: Columns = { schedule: null, due_at: null }

const progressColumns = (totals: Totals): Columns => ({ ...progressOf(totals) })

// One case an event: the compiler says when a new one is missing here.
const changes = (event: Exclude<CampaignEvent, { type: 'CampaignCreated' }>, at: string): Columns => {
  switch (event.type) {
    case 'TitleChanged':
      return titleColumns(event.data.title)
    case 'MessageChanged':
      return { message: event.data.message }
    case 'RecipientsImported':
      return { total: event.data.total }
    case 'PacingSet':
      return { interval_ms: event.data.intervalMs }
    case 'ScheduleSet':
      return { schedule: JSON.stringify(event.data), due_at: dueAtMs(event.data) }
    case 'ScheduleCancelled':
      return noSchedule
    case 'CampaignScheduled':
      return { status: 'SCHEDULED' }
    case 'ScheduleMissed':
      return event.data.taken === 'skip' ? noSchedule : {}
    case 'SessionAttached':
      return { session_id: event.data.sessionId }
    case 'CampaignStarted':
      return { status: 'RUNNING', total: event.data.total, started_at: at, completed_at: null }
    case 'StartUndone':
      return { status: 'READY', started_at: null }
    case 'RetryStarted':
      return { status: 'RUNNING', completed_at: null }
    case 'CampaignPaused':
      return { status: 'PAUSED' }
    case 'CampaignResumed':
      return { status: 'RUNNING', completed_at: null }
    case 'CampaignCancelled':
      return { status: 'CANCELLED', completed_at: at }
    case 'CampaignCompleted':
      return { status: 'COMPLETED', completed_at: at, ...progressColumns(event.data.totals) }
    case 'CampaignFailed':
      return { status: 'FAILED', completed_at: at, ...progressColumns(event.data.totals) }
    case 'ReportShared':
    case 'ReportShareRevoked':
    case 'TestSendRequested':
      return {}
    case 'CampaignDeleted':
      return { restorable_until: event.data.restorableUntil }
    case 'CampaignRestored':
      return { restorable_until: null }
  }
}

const outcomeProjection = (database: ReadModelDatabase) => {
  const update = updater(database, 'campaigns', 'campaign_id')
  const active = database.prepare<[string, string]>(
    'update sessions set last_activity = max(last_activity, ?) where session_id = ?',
  )
  return (recorded: RecordedEvent, event: OutcomeEvent): void => {
    const id = campaignIdOf(recorded)
    switch (event.type) {
      case 'RecipientsDispatched':
        return
      case 'OutcomesRecorded':
        for (const [sessionId, at] of newestBySession(event.data.outcomes)) active.run(at, sessionId)
        break
      case 'RestSkipped':
      case 'RecipientsReopened':
      case 'OutcomesLost':
        break
    }
    update(id, progressColumns(event.data.totals))
  }
}

type Recorded = Extract<OutcomeEvent, { type: 'OutcomesRecorded' }>['data']['outcomes']

const newestBySession = (outcomes: Recorded): ReadonlyMap<string, string> => {
  const newest = new Map<string, string>()
  for (const { sessionId, at } of outcomes)
    if (sessionId !== undefined && at > (newest.get(sessionId) ?? '')) newest.set(sessionId, at)
  return newest
}

const sessionProjection = (database: ReadModelDatabase) => {
  const request = database.prepare(
    `insert into sessions (session_id, tenant, owner_id, state, last_activity)
     values (@sessionId, @tenant, @ownerId, 'linking', @at)
     on conflict (session_id) do update set state = 'linking', last_activity = excluded.last_activity`,
  )
  const update = updater(database, 'sessions', 'session_id')
  return (recorded: RecordedEvent, event: SessionEvent): void => {
    const at = instantOf(recorded)
    if (event.type === 'LinkRequested') {
      const { sessionId, tenant, ownerId } = event.data
      request.run({ sessionId, tenant, ownerId, at })
      return
    }
    const id = recorded.streamName.slice(eventStreamPrefixes.session.length)
    const number = event.type === 'SessionLinked' ? { number: event.data.maskedNumber } : {}
    update(id, { state: stateAfter(event), last_activity: at, ...number })
  }
}

const stateAfter = (event: Exclude<SessionEvent, { type: 'LinkRequested' }>): SessionReply['state'] => {
  switch (event.type) {
    case 'SessionLinked':
    case 'SessionConnected':
      return 'connected'
    case 'SessionDisconnected':
      return 'disconnected'
    case 'SessionLoggedOut':
      return 'logged_out'
    case 'SessionBanned':
      return 'banned'
    case 'UnlinkRequested':
      return 'unlinking'
  }
}
