// Writing many rows of a table: a statement has a price of its own, so one of them takes many rows.
import type { ReadModelDatabase } from '@peyk/read-model'

type Row = readonly (string | number | null)[]

const ROWS_AT_ONCE = 50

/** A row takes the place of the one with its key. */
export const rowsWriter = (database: ReadModelDatabase, table: string, columns: readonly string[]) => {
  const row = `(${columns.map(() => '?').join(', ')})`
  const statementOf = (count: number) =>
    database.prepare(
      `insert or replace into ${table} (${columns.join(', ')}) values ${Array(count).fill(row).join(', ')}`,
    )
  const [many, single] = [statementOf(ROWS_AT_ONCE), statementOf(1)]
  return (rows: readonly Row[]): void => {
    const inMany = rows.length - (rows.length % ROWS_AT_ONCE)
    for (let first = 0; first < inMany; first += ROWS_AT_ONCE)
      many.run(...rows.slice(first, first + ROWS_AT_ONCE).flat())
    for (const rest of rows.slice(inMany)) single.run(...rest)
  }
}
