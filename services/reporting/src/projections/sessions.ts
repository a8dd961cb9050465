// The WhatsApp numbers of the tenants: in which state each is, since when, and how often it lost its connection.
import { eventStreamPrefixes, type SessionEvent, type SessionReply } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { type Columns, rowUpdater } from './update-row.ts'

export const sessionProjection = (database: ReadModelDatabase) => {
  const insert = database.prepare(
    `insert or ignore into sessions (session_id, tenant, owner_id, state, changed_at, revision)
     values (@id, @tenant, @ownerId, 'linking', @at, -1)`,
  )
  const find = database.prepare<[string], { revision: number; disconnects: number }>(
    'select revision, disconnects from sessions where session_id = ?',
  )
  const update = rowUpdater(database, 'sessions', 'session_id')
  return (recorded: RecordedEvent, event: SessionEvent): void => {
    const id = recorded.streamName.slice(eventStreamPrefixes.session.length)
    const at = String(recorded.metadata['occurredAt'])
    const revision = Number(recorded.revision)
    if (event.type === 'LinkRequested') {
      const { tenant, ownerId } = event.data
      insert.run({ id, tenant, ownerId, at })
    }
    const known = find.get(id)
    // A count must not see an event twice.
    if (known === undefined || known.revision >= revision) return
    update(id, { ...changes(event, known.disconnects), changed_at: at, revision })
  }
}

const changes = (event: SessionEvent, disconnects: number): Columns => {
  const state = (next: SessionReply['state'], columns: Columns = {}): Columns => ({ state: next, ...columns })
  switch (event.type) {
    case 'LinkRequested':
      return state('linking')
    case 'SessionLinked':
      return state('connected', { number: event.data.maskedNumber })
    case 'SessionConnected':
      return state('connected')
    case 'SessionDisconnected':
      return state('disconnected', { disconnects: disconnects + 1 })
    case 'SessionLoggedOut':
      return state('logged_out')
    case 'SessionBanned':
      return state('banned')
    case 'UnlinkRequested':
      return state('unlinking')
  }
}
