// Changing the columns that an event names, in the one row that it is about.
import type { ReadModelDatabase } from '@peyk/read-model'

export type Columns = Readonly<Record<string, string | number | null>>

export const rowUpdater = (database: ReadModelDatabase, table: string, key: string) => {
  const statements = new Map<string, ReturnType<ReadModelDatabase['prepare']>>()
  return (id: string | number, columns: Columns): void => {
    const assignments = Object.keys(columns).map((name) => `${name} = @${name}`)
    if (assignments.length === 0) return
    const sql = `update ${table} set ${assignments.join(', ')} where ${key} = @id`
    const statement = statements.get(sql) ?? database.prepare(sql)
    statements.set(sql, statement)
    statement.run({ ...columns, id })
  }
}
