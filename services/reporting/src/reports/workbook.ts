// The report as an xlsx file, streamed: the rows are never in memory together.
import { Readable } from 'node:stream'

import type { ReportReply } from '@peyk/contracts'

import type { ListedRecipient } from '../store/queries.ts'
import { harmless, recipientColumns, recipientRow } from './table.ts'
import { sheetXml, type Sheet, workbookParts } from './workbook-xml.ts'
import { zipOf } from './zip.ts'

const DEFAULT_WIDTH = 12
const widths: Partial<Record<string, number>> = {
  phone: 18,
  name: 24,
  reason: 20,
  sentAt: 26,
  deliveredAt: 26,
  readAt: 26,
}

/** Three sheets: Campaign Summary, Recipients Details, Campaign Message. A failure destroys the stream: no half file looks whole. */
export const workbookOf = (report: ReportReply, recipients: Iterable<ListedRecipient>): Readable => {
  const { title, message } = report.campaign
  const isRightToLeft = /[\u0600-\u06ff]/.test(title + message)
  const sheets: readonly Sheet[] = [
    { name: 'Campaign Summary', widths: [24, 40], header: ['Field', 'Value'], rows: summaryRows(report) },
    {
      name: 'Recipients Details',
      widths: recipientColumns.map((column) => widths[column] ?? DEFAULT_WIDTH),
      header: recipientColumns,
      rows: rowsOf(recipients),
      hasFilter: true,
    },
    {
      name: 'Campaign Message',
      widths: [80],
      header: ['Message'],
      rows: [[harmless(message)]],
      isWrapped: true,
    },
  ]
  const entries = [
    ...workbookParts(sheets),
    ...sheets.map((sheet, index) => ({
      name: `xl/worksheets/sheet${index + 1}.xml`,
      pieces: sheetXml(sheet, isRightToLeft),
    })),
  ]
  return Readable.from(zipOf(entries), { objectMode: false })
}

function* rowsOf(recipients: Iterable<ListedRecipient>) {
  for (const recipient of recipients) yield recipientRow(recipient)
}

const summaryRows = ({ campaign, report, totals, reasons }: ReportReply): [string, string | number][] => [
  ['Campaign', campaign.id],
  ['Title', harmless(campaign.title)],
  ['Status', report.status],
  ['Started', campaign.startedAt ?? ''],
  ['Completed', campaign.completedAt ?? ''],
  ['Total', campaign.progress.total],
  ['Sent', report.totalSent],
  ['Not sent', report.totalFailed],
  ...Object.entries(totals).map(([state, count]): [string, number] => [`State: ${state}`, count]),
  ...reasons.map(({ reason, count }): [string, number] => [`Reason: ${reason}`, count]),
]
