// The rows that an import refused, as a csv file that a spreadsheet opens.
import { appendFile, writeFile } from 'node:fs/promises'

import type { RowError } from '@peyk/contracts'
import { stringify } from 'csv-stringify/sync'

/** With the mark that tells spreadsheets that it is UTF-8. */
export const ERRORS_HEADER = '\ufeffrow,code,message\n'

const ROWS_A_WRITE = 500

export interface RejectedRows {
  add(error: RowError): Promise<void>
  /** Writes what is left; answers the file, if there are any. */
  finish(): Promise<string | undefined>
}

/** Collects them in a file, a few hundred at a time. */
export const createRejectedRows = (path: string): RejectedRows => {
  let waiting: RowError[] = []
  let written = 0
  const flush = async () => {
    const rows = waiting
    waiting = []
    if (written === 0) await writeFile(path, ERRORS_HEADER)
    written += rows.length
    const records = rows.map(({ row, code, message }) => [row, code, message])
    // A message names columns of the tenant, and a spreadsheet would run `=...`.
    await appendFile(path, stringify(records, { escape_formulas: true }))
  }
  return {
    add: async (error) => {
      waiting.push(error)
      if (waiting.length >= ROWS_A_WRITE) await flush()
    },
    finish: async () => {
      if (waiting.length > 0) await flush()
      return written === 0 ? undefined : path
    },
  }
}
