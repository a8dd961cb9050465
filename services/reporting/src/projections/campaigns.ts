// The life of a campaign as one row.
import { type CampaignEvent, type CampaignStatus, totalsOfPending } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { campaignIdOf } from './stream-id.ts'
import { type Columns, rowUpdater } from './update-row.ts'

export const campaignProjection = (database: ReadModelDatabase) => {
  const insert = database.prepare(
    `insert or ignore into campaigns (campaign_id, tenant, owner_id, title, message, status, created_at)
     values (@id, @tenant, @ownerId, @title, @message, 'DRAFT', @at)`,
  )
  const lastChunk = database
    .prepare<[number], number>('select last_chunk from campaigns where campaign_id = ?')
    .pluck()
  const dropBetween = database.prepare(
    'delete from recipients where campaign_id = ? and chunk > ? and chunk < ?',
  )
  const share = database.prepare(
    'insert or ignore into shares (campaign_id, share_id, key, expires_at) values (?, ?, ?, ?)',
  )
  const revoke = database.prepare('delete from shares where campaign_id = ? and share_id = ?')
  const move = database.prepare('update campaigns set status = ? where campaign_id = ? and status = ?')
  const update = rowUpdater(database, 'campaigns', 'campaign_id')
  return (recorded: RecordedEvent, event: CampaignEvent): void => {
    const id = campaignIdOf(recorded.streamName)
    const at = String(recorded.metadata['occurredAt'])
    if (event.type === 'CampaignCreated') {
      const { tenant, ownerId, title, message } = event.data
      insert.run({ id, tenant, ownerId, title, message, at })
      return
    }
    if (event.type === 'RecipientsImported') {
      const { mode, chunks } = event.data
      // What a replaced list, or an import that never came through, left behind counts for nobody.
      dropBetween.run(id, mode === 'replace' ? -1 : (lastChunk.get(id) ?? -1), chunks.first)
    }
    if (event.type === 'ReportShared') {
      const { shareId, key, expiresAt } = event.data
      share.run(id, shareId, key, expiresAt)
    }
    if (event.type === 'ReportShareRevoked') revoke.run(id, event.data.shareId)
    update(id, changes(event, at))
    if (event.type === 'RecipientsImported') move.run('READY', id, 'DRAFT')
    if (isEndOfSchedule(event)) move.run('READY', id, 'SCHEDULED')
  }
}

const isEndOfSchedule = (event: CampaignEvent): boolean =>
  event.type === 'ScheduleCancelled' || (event.type === 'ScheduleMissed' && event.data.taken === 'skip')

const status = (next: CampaignStatus, columns: Columns = {}): Columns => ({ status: next, ...columns })

// One case an event: the compiler says when a new one is missing here.
const changes = (event: Exclude<CampaignEvent, { type: 'CampaignCreated' }>, at: string): Columns => {
  switch (event.type) {
    case 'TitleChanged':
      return { title: event.data.title }
    case 'MessageChanged':
      return { message: event.data.message }
    case 'RecipientsImported':
      return { total: event.data.total, last_chunk: event.data.chunks.last }
    case 'PacingSet':
      return { interval_ms: event.data.intervalMs }
    case 'SessionAttached':
      return { session_id: event.data.sessionId }
    case 'CampaignScheduled':
      return status('SCHEDULED')
    case 'CampaignStarted':
      return status('RUNNING', {
        started_at: at,
        completed_at: null,
        totals: JSON.stringify(totalsOfPending(event.data.total)),
      })
    case 'StartUndone':
      return status('READY', { started_at: null, totals: null })
    case 'RetryStarted':
      return status('RUNNING', { completed_at: null })
    case 'CampaignPaused':
      return status('PAUSED')
    case 'CampaignResumed':
      return status('RUNNING', { completed_at: null })
    case 'CampaignCancelled':
      return status('CANCELLED', { completed_at: at })
    case 'CampaignCompleted':
      return status('COMPLETED', { completed_at: at })
    case 'CampaignFailed':
      return status('FAILED', { completed_at: at })
    case 'ScheduleSet':
    case 'ScheduleCancelled':
    case 'ScheduleMissed':
    case 'ReportShared':
    case 'ReportShareRevoked':
    case 'TestSendRequested':
      return {}
    case 'CampaignDeleted':
      return { is_deleted: 1 }
    case 'CampaignRestored':
      return { is_deleted: 0 }
  }
}
