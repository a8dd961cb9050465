// Chunks of recipients as rows. A chunk counts once its import is through; a chunk that is written again replaces its rows.
import type { RecipientsChunkStored } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { campaignIdOf } from './stream-id.ts'

export const recipientProjection = (database: ReadModelDatabase) => {
  const upsert = database.prepare(
    `insert into recipients (campaign_id, position, chunk, phone, spelling, name, variables)
     values (@id, @position, @chunk, @phone, @spelling, @name, @variables)
     on conflict (campaign_id, position, chunk) do update
     set phone = excluded.phone, spelling = excluded.spelling, name = excluded.name, variables = excluded.variables`,
  )
  const dropRest = database.prepare(
    'delete from recipients where campaign_id = ? and chunk = ? and position >= ?',
  )
  return (recorded: RecordedEvent, { data }: RecipientsChunkStored): void => {
    const isTest = data.firstPosition === 0
    if (isTest) return
    const id = campaignIdOf(recorded.streamName)
    // An import that failed writes its chunks again, empty: their people never counted.
    if (recorded.revision > 0n) dropRest.run(id, data.chunk, data.firstPosition + data.recipients.length)
    data.recipients.forEach(({ phone, spelling, variables }, index) =>
      upsert.run({
        id,
        position: data.firstPosition + index,
        chunk: data.chunk,
        phone,
        spelling,
        name: variables['name'] ?? null,
        variables: JSON.stringify(variables),
      }),
    )
  }
}
