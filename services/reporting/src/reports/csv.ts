// The recipients of a report as csv, streamed; the byte order mark lets spreadsheet programs see UTF-8.
import { pipeline, Readable } from 'node:stream'

import { stringify } from 'csv-stringify'

import type { ListedRecipient } from '../store/queries.ts'
import { recipientColumns, recipientRow } from './table.ts'

/** A failure destroys the stream: no half file looks whole. */
export const csvOf = (recipients: Iterable<ListedRecipient>): Readable =>
  pipeline(
    Readable.from(rowsOf(recipients)),
    stringify({ header: true, columns: [...recipientColumns], bom: true }),
    () => undefined,
  )

function* rowsOf(recipients: Iterable<ListedRecipient>): Iterable<(string | number)[]> {
  for (const recipient of recipients) yield recipientRow(recipient)
}
