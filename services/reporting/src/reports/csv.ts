// The recipients of a report as csv, streamed; the byte order mark lets spreadsheet programs see UTF-8.
import { Readable } from 'node:stream'

import { stringify } from 'csv-stringify/sync'

import type { ListedRecipient } from '../store/queries.ts'
import { recipientColumns, recipientRow } from './table.ts'

/** Rows written at once: a stream that takes them one by one spends its time on the stream. */
const ROWS_A_PIECE = 500

/** A failure destroys the stream: no half file looks whole. */
export const csvOf = (recipients: Iterable<ListedRecipient>): Readable =>
  Readable.from(piecesOf(recipients), { objectMode: false })

function* piecesOf(recipients: Iterable<ListedRecipient>): Iterable<Buffer> {
  yield Buffer.from(stringify([[...recipientColumns]], { bom: true }))
  let rows: (string | number)[][] = []
  for (const recipient of recipients) {
    rows.push(recipientRow(recipient))
    if (rows.length < ROWS_A_PIECE) continue
    yield Buffer.from(stringify(rows))
    rows = []
  }
  if (rows.length > 0) yield Buffer.from(stringify(rows))
}
