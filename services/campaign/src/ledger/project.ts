// Events to the rows of the ledger's index. Applied twice gives the same rows, but for what revisions guard.
import {
  type CampaignEvent,
  type CampaignEventOf,
  type CampaignId,
  type CampaignStatus,
  eventStreamPrefixes,
  type OutcomeEvent,
  readCampaignEvent,
  readOutcomeEvent,
  readRecipientsChunk,
  type RecipientsChunkStored,
  readSessionEvent,
  type SessionEvent,
  type Totals,
  totalsOfPending,
} from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase as Database } from '@peyk/read-model'

import { messageIdOf } from './message-id.ts'

interface RunColumns {
  run_key: string
  dispatched_to: number
}

/** Which campaigns and sessions an event touched, for those who act on the newest state. */
export interface Touched {
  readonly campaigns: Set<CampaignId>
  readonly sessions: Set<string>
}

export type Project = (event: RecordedEvent) => void

/** Returns the projection as one function over the four families of streams; it fills `touched` as it goes. */
export const ledgerProjection = (database: Database, touched: Touched): Project => {
  const campaign = campaignProjection(database)
  const outcomes = outcomesProjection(database)
  const chunks = chunkProjection(database)
  const sessions = sessionProjection(database)
  return (event) => {
    if (event.streamName.startsWith(eventStreamPrefixes.campaign)) {
      touched.campaigns.add(campaign(event, readCampaignEvent(event)))
    } else if (event.streamName.startsWith(eventStreamPrefixes.outcomes)) {
      touched.campaigns.add(outcomes(event, readOutcomeEvent(event)))
    } else if (event.streamName.startsWith(eventStreamPrefixes.recipients)) {
      chunks(event, readRecipientsChunk(event))
    } else if (event.streamName.startsWith(eventStreamPrefixes.session)) {
      touched.sessions.add(sessions(event, readSessionEvent(event)))
    }
  }
}

const idOf = (streamName: string): CampaignId => Number(streamName.split('-')[1]) as CampaignId

const metadataText = (event: RecordedEvent, key: string): string | null => {
  const value = event.metadata[key]
  return typeof value === 'string' ? value : null
}

type Columns = Readonly<Record<string, string | number | null>>

const campaignProjection = (database: Database) => {
  const rows = campaignWriter(database)
  return (recorded: RecordedEvent, event: CampaignEvent): CampaignId => {
    const id = idOf(recorded.streamName)
    const at = metadataText(recorded, 'occurredAt') ?? ''
    switch (event.type) {
      case 'CampaignCreated':
        rows.create(id, event.data, at)
        break
      case 'RecipientsImported':
        rows.importChunks(id, event.data)
        rows.set(id, { changed_at: at, total: event.data.total })
        rows.move(id, 'DRAFT', 'READY')
        break
      case 'TestSendRequested':
        rows.addTest(id, event.data, recorded, at)
        break
      case 'ScheduleCancelled':
        rows.set(id, { schedule: null })
        rows.move(id, 'SCHEDULED', 'READY')
        break
      case 'ScheduleMissed':
        if (event.data.taken === 'run') break
        rows.set(id, { schedule: null })
        rows.move(id, 'SCHEDULED', 'READY')
        break
      case 'CampaignDeleted':
        rows.set(id, { is_deleted: 1 })
        break
      case 'CampaignRestored':
        rows.set(id, { is_deleted: 0 })
        break
      case 'CampaignStarted':
        rows.set(id, startedColumns(event.data, recorded, at))
        break
      case 'RetryStarted':
        rows.set(id, retriedColumns(event.data, recorded, at))
        break
      case 'ReportShared':
      case 'ReportShareRevoked':
        break
      case 'StartUndone':
      case 'TitleChanged':
      case 'MessageChanged':
      case 'PacingSet':
      case 'ScheduleSet':
      case 'CampaignScheduled':
      case 'SessionAttached':
      case 'CampaignPaused':
      case 'CampaignResumed':
      case 'CampaignCancelled':
      case 'CampaignCompleted':
      case 'CampaignFailed':
        rows.set(id, changedColumns(event, at))
    }
    return id
  }
}

/** What an event changes in its campaign's row. */
const changedColumns = (
  event: Exclude<
    CampaignEvent,
    {
      type:
        | 'CampaignCreated'
        | 'RecipientsImported'
        | 'TestSendRequested'
        | 'CampaignStarted'
        | 'RetryStarted'
        | 'ReportShared'
        | 'ReportShareRevoked'
        | 'ScheduleCancelled'
        | 'ScheduleMissed'
        | 'CampaignDeleted'
        | 'CampaignRestored'
    }
  >,
  at: string,
): Columns => {
  const status = (next: CampaignStatus, columns: Columns = {}): Columns => ({
    status: next,
    changed_at: at,
    ...columns,
  })
  switch (event.type) {
    case 'TitleChanged':
      return { title: event.data.title }
    case 'MessageChanged':
      return { message: event.data.message }
    case 'PacingSet':
      return { interval_ms: event.data.intervalMs }
    case 'ScheduleSet':
      return { schedule: JSON.stringify(event.data) }
    case 'CampaignScheduled':
      return status('SCHEDULED')
    case 'StartUndone':
      return status('READY', { run_key: null, not_before: null, started_at: null, totals: null })
    case 'SessionAttached':
      return { session_id: event.data.sessionId }
    case 'CampaignPaused':
      return status('PAUSED', { pause_reason: event.data.reason })
    case 'CampaignResumed':
      return status('RUNNING', { epoch: event.data.epoch, pause_reason: null, not_before: null })
    case 'CampaignCancelled':
      return status('CANCELLED', { completed_at: at })
    case 'CampaignCompleted':
      return status('COMPLETED', { completed_at: at })
    case 'CampaignFailed':
      return status('FAILED', { completed_at: at })
  }
}

const startedColumns = (
  data: CampaignEventOf<'CampaignStarted'>['data'],
  recorded: RecordedEvent,
  at: string,
): Columns => ({
  status: 'RUNNING',
  started_at: at,
  changed_at: at,
  run_key: data.runKey,
  epoch: data.epoch,
  attempt: data.attempt,
  not_before: data.notBefore,
  totals: JSON.stringify(totalsOfPending(data.total)),
  correlation_id: metadataText(recorded, 'correlationId'),
  traceparent: metadataText(recorded, 'traceparent'),
})

const retriedColumns = (
  { attempt, epoch, notBefore, includeUnconfirmed }: CampaignEventOf<'RetryStarted'>['data'],
  recorded: RecordedEvent,
  at: string,
): Columns => ({
  status: 'RUNNING',
  changed_at: at,
  completed_at: null,
  attempt,
  epoch,
  not_before: notBefore,
  retry_unconfirmed: includeUnconfirmed ? 1 : 0,
  correlation_id: metadataText(recorded, 'correlationId'),
  traceparent: metadataText(recorded, 'traceparent'),
})

const campaignWriter = (database: Database) => {
  const insert = database.prepare(
    `insert or ignore into campaigns (campaign_id, tenant, owner_id, title, message, status, changed_at)
     values (@id, @tenant, @ownerId, @title, @message, 'DRAFT', @at)`,
  )
  const updates = new Map<string, ReturnType<Database['prepare']>>()
  const move = database.prepare('update campaigns set status = ? where campaign_id = ? and status = ?')
  const countChunks = database.prepare(
    'update chunks set counts = 1 where campaign_id = ? and chunk between ? and ?',
  )
  const dropChunks = database.prepare('delete from chunks where campaign_id = ? and chunk < ?')
  const addTest = database.prepare('insert or ignore into test_sends values (?, ?, ?, ?, ?, ?)')

  return {
    create: (id: CampaignId, data: CampaignEventOf<'CampaignCreated'>['data'], at: string) => {
      insert.run({
        id,
        tenant: data.tenant,
        ownerId: data.ownerId,
        title: data.title,
        message: data.message,
        at,
      })
    },
    set: (id: CampaignId, columns: Columns) => {
      const names = Object.keys(columns)
      const sql = `update campaigns set ${names.map((name) => `${name} = @${name}`).join(', ')} where campaign_id = @id`
      const statement = updates.get(sql) ?? database.prepare(sql)
      updates.set(sql, statement)
      statement.run({ ...columns, id })
    },
    move: (id: CampaignId, from: CampaignStatus, to: CampaignStatus) => {
      move.run(to, id, from)
    },
    importChunks: (id: CampaignId, { mode, chunks }: CampaignEventOf<'RecipientsImported'>['data']) => {
      if (mode === 'replace') dropChunks.run(id, chunks.first)
      countChunks.run(id, chunks.first, chunks.last)
    },
    addTest: (
      id: CampaignId,
      { testId, runKey }: CampaignEventOf<'TestSendRequested'>['data'],
      recorded: RecordedEvent,
      at: string,
    ) => {
      const correlationId = metadataText(recorded, 'correlationId') ?? testId
      addTest.run(
        testId,
        id,
        messageIdOf(runKey, 0, 1),
        correlationId,
        metadataText(recorded, 'traceparent'),
        at,
      )
    },
  }
}

const outcomesProjection = (database: Database) => {
  const run = database.prepare<[number], RunColumns>(
    'select run_key, dispatched_to from campaigns where campaign_id = ?',
  )
  const upsert = database.prepare(
    `insert into recipients (campaign_id, position, attempt, state, message_id) values (?, ?, ?, ?, ?)
     on conflict (campaign_id, position) do update
     set attempt = excluded.attempt, state = excluded.state, message_id = excluded.message_id`,
  )
  const head = database.prepare('update campaigns set outcomes_revision = ? where campaign_id = ?')
  const setTotals = database.prepare('update campaigns set totals = ? where campaign_id = ?')
  const dispatched = database.prepare(
    'update campaigns set dispatched_to = ?, dispatch_epoch = ? where campaign_id = ?',
  )
  const restSkipped = database.prepare('update campaigns set rest_skipped = 1 where campaign_id = ?')
  const setEpoch = database.prepare('update campaigns set dispatch_epoch = ? where campaign_id = ?')
  const open = openPositions(database)
  const attempt = database.prepare<[number, number], { attempt: number }>(
    'select attempt from recipients where campaign_id = ? and position = ?',
  )
  const skipReopened = database.prepare(
    "update recipients set state = 'skipped' where campaign_id = ? and state = 'pending'",
  )
  const reopened = database.prepare('update campaigns set reopened = ? where campaign_id = ?')

  return (recorded: RecordedEvent, { type, data }: OutcomeEvent): CampaignId => {
    const id = idOf(recorded.streamName)
    const runKey = run.get(id)?.run_key ?? ''
    const put = (position: number, state: string, attempt: number) =>
      upsert.run(id, position, attempt, state, messageIdOf(runKey, position, attempt))
    const end = (position: number) => put(position, 'unconfirmed', attempt.get(id, position)?.attempt ?? 1)
    const totals = (value: Totals) => setTotals.run(JSON.stringify(value), id)
    switch (type) {
      case 'OutcomesRecorded':
        for (const { position, state, attempt } of data.outcomes) put(position, state, attempt)
        totals(data.totals)
        break
      case 'RecipientsDispatched':
        dispatched.run(data.toPosition, data.epoch, id)
        break
      case 'RecipientsReopened':
        for (const position of data.positions) put(position, 'pending', data.attempt)
        totals(data.totals)
        if (data.isLast) reopened.run(data.attempt, id)
        break
      case 'RestSkipped':
        data.unconfirmed.forEach(end)
        totals(data.totals)
        skipReopened.run(id)
        restSkipped.run(id)
        break
      case 'OutcomesLost':
        open(id, data.toPosition).forEach(end)
        totals(data.totals)
        setEpoch.run(data.epoch, id)
    }
    head.run(Number(recorded.revision), id)
    return id
  }
}

/** The positions from 1 to `to` that have no outcome yet. */
export const openPositions = (database: Database) => {
  const settled = database.prepare<[number, number], { position: number }>(
    `select position from recipients
     where campaign_id = ? and position between 1 and ? and state <> 'pending' order by position`,
  )
  return (id: CampaignId, to: number): readonly number[] => {
    const known = new Set(settled.all(id, to).map(({ position }) => position))
    return Array.from({ length: to }, (_, index) => index + 1).filter((position) => !known.has(position))
  }
}

const chunkProjection = (database: Database) => {
  const insert = database.prepare(
    'insert or ignore into chunks (campaign_id, chunk, first_position, size) values (?, ?, ?, ?)',
  )
  return (recorded: RecordedEvent, { data }: RecipientsChunkStored) => {
    if (data.firstPosition === 0) return // a test recipient
    insert.run(idOf(recorded.streamName), data.chunk, data.firstPosition, data.recipients.length)
  }
}

const sessionProjection = (database: Database) => {
  const request = database.prepare(
    `insert into sessions values (@sessionId, @tenant, @ownerId, 'requested', @method, @qrFor)
     on conflict (session_id) do update set state = 'requested', method = excluded.method, qr_for = excluded.qr_for`,
  )
  const asked = database.prepare<[string], { qr_for: string; state: string }>(
    'select qr_for, state from sessions where session_id = ?',
  )
  const setState = database.prepare('update sessions set state = ? where session_id = ?')

  const requestLink = (data: Extract<SessionEvent, { type: 'LinkRequested' }>['data']) => {
    const before = asked.get(data.sessionId)
    const waiting = before?.state === 'requested' ? (JSON.parse(before.qr_for) as number[]) : []
    const qrFor = [...new Set([...waiting, ...(data.campaignId === undefined ? [] : [data.campaignId])])]
    request.run({
      sessionId: data.sessionId,
      tenant: data.tenant,
      ownerId: data.ownerId,
      method: data.method,
      qrFor: JSON.stringify(qrFor),
    })
  }
  return (recorded: RecordedEvent, { type, data }: SessionEvent): string => {
    const id = recorded.streamName.slice(eventStreamPrefixes.session.length)
    switch (type) {
      case 'LinkRequested':
        requestLink(data)
        break
      case 'SessionLinked':
      case 'SessionConnected':
        setState.run('connected', id)
        break
      case 'SessionDisconnected':
        setState.run('disconnected', id)
        break
      case 'SessionLoggedOut':
        setState.run('logged_out', id)
        break
      case 'SessionBanned':
        setState.run('banned', id)
        break
      case 'UnlinkRequested':
        setState.run('unlinking', id)
    }
    return id
  }
}
