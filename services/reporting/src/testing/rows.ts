// Given events, then rows: a read model in memory, which every event may go into twice.
import type { RecordedEvent } from '@peyk/event-sourcing'
import { openReadModel, type ReadModel } from '@peyk/read-model'

import { reportingProjection } from '../projections/project.ts'
import { REPORTING_VERSION, reportingSchema } from '../projections/schema.ts'

export const emptyRows = (): ReadModel =>
  openReadModel({ file: ':memory:', name: 'reporting', version: REPORTING_VERSION, schema: reportingSchema })

/** Each batch in a transaction of its own; `times` says how often each comes. */
export const rowsOf = (batches: readonly (readonly RecordedEvent[])[], times = 1): ReadModel => {
  const readModel = emptyRows()
  const project = reportingProjection(readModel.database)
  let position = 0n
  for (const batch of batches)
    for (let time = 0; time < times; time += 1) readModel.apply((position += 1n), () => project(batch))
  return readModel
}

/** Every row of every table, to be compared. */
export const dumpOf = ({ database }: ReadModel): Readonly<Record<string, readonly unknown[]>> => {
  const tables = ['campaigns', 'recipients', 'outcomes', 'counts', 'daily', 'sessions', 'shares']
  // A count that came back to nothing is as good as none.
  const where = (table: string) => (table === 'counts' ? 'where count <> 0' : '')
  return Object.fromEntries(
    tables.map((table) => [
      table,
      database.prepare(`select * from ${table} ${where(table)} order by 1, 2, 3, 4`).all(),
    ]),
  )
}
