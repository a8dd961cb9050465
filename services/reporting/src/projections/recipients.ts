// Chunks of recipients as rows. A chunk counts once its import is through; a chunk that is written again replaces its rows.
import type { RecipientsChunkStored } from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'
import type { ReadModelDatabase } from '@peyk/read-model'

import { campaignIdOf } from './stream-id.ts'
import { rowsWriter } from './write-rows.ts'

export const recipientProjection = (database: ReadModelDatabase) => {
  const put = rowsWriter(database, 'recipients', [
    'campaign_id',
    'position',
    'chunk',
    'phone',
    'spelling',
    'name',
    'variables',
  ])
  const dropRest = database.prepare(
    'delete from recipients where campaign_id = ? and chunk = ? and position >= ?',
  )
  return (recorded: RecordedEvent, { data }: RecipientsChunkStored): void => {
    const isTest = data.firstPosition === 0
    if (isTest) return
    const id = campaignIdOf(recorded.streamName)
    // An import that failed writes its chunks again, empty: their people never counted.
    if (recorded.revision > 0n) dropRest.run(id, data.chunk, data.firstPosition + data.recipients.length)
    put(
      data.recipients.map(({ phone, spelling, variables }, index) => [
        id,
        data.firstPosition + index,
        data.chunk,
        phone,
        spelling,
        variables['name'] ?? null,
        JSON.stringify(variables),
      ]),
    )
  }
}
