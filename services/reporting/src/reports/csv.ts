// The recipients of a report as csv, streamed; the byte order mark lets spreadsheet programs see UTF-8.
import { Readable } from 'node:stream'

import { stringify } from 'csv-stringify'

import type { ListedRecipient } from '../store/queries.ts'
import { recipientColumns, recipientRow } from './table.ts'

export const csvOf = (recipients: Iterable<ListedRecipient>): Readable =>
  Readable.from(rowsOf(recipients)).pipe(
    stringify({ header: true, columns: [...recipientColumns], bom: true }),
  )

function* rowsOf(recipients: Iterable<ListedRecipient>): Iterable<(string | number)[]> {
  for (const recipient of recipients) yield recipientRow(recipient)
}
