// The recipients of a report as a table: the same columns in xlsx and csv.
import type { ListedRecipient } from '../store/queries.ts'

export const recipientColumns = [
  'position',
  'phone',
  'name',
  'status',
  'reason',
  'attempt',
  'sentAt',
  'deliveredAt',
  'readAt',
] as const

/** A cell that begins so is run as a formula by spreadsheet programs. */
const FORMULA_START = /^[=+\-@\t\r]/

/** An apostrophe in front makes a text of what would be a formula. */
export const harmless = (cell: string): string => (FORMULA_START.test(cell) ? `'${cell}` : cell)

export const recipientRow = (recipient: ListedRecipient): (string | number)[] => [
  recipient.position,
  harmless(recipient.spelling),
  harmless(recipient.name ?? ''),
  recipient.state,
  recipient.reason ?? '',
  recipient.attempt,
  recipient.sentAt ?? '',
  recipient.deliveredAt ?? '',
  recipient.readAt ?? '',
]
