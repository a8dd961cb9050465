// The report as an xlsx file, streamed: memory does not grow with the recipients.
import { PassThrough, type Readable } from 'node:stream'

import type { ReportReply } from '@peyk/contracts'
import type { Worksheet } from 'exceljs'

import type { ListedRecipient } from '../store/queries.ts'
import { harmless, recipientColumns, recipientRow } from './table.ts'

const widths: Partial<Record<string, number>> = {
  phone: 18,
  name: 24,
  reason: 20,
  sentAt: 26,
  deliveredAt: 26,
  readAt: 26,
}
const ROWS_BETWEEN_PAUSES = 500
/** One object for all cells: the writer works out each style object that it has not met. */
const PLAIN = {}

/** Three sheets: Campaign Summary, Recipients Details, Campaign Message. A failure destroys the stream: no half file looks whole. */
export const workbookOf = (report: ReportReply, recipients: Iterable<ListedRecipient>): Readable => {
  const output = new PassThrough()
  write(output, report, recipients).catch((error: unknown) =>
    output.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  return output
}

const write = async (output: PassThrough, report: ReportReply, recipients: Iterable<ListedRecipient>) => {
  // Loaded when a report is downloaded: it is large, and the start of the service does not wait for it.
  const { default: excel } = await import('exceljs')
  const workbook = new excel.stream.xlsx.WorkbookWriter({
    stream: output,
    useStyles: true,
    zip: { zlib: { level: 1 } },
  })
  const isPersian = /[\u0600-\u06ff]/.test(report.campaign.title + report.campaign.message)
  const sheet = (name: string) =>
    workbook.addWorksheet(name, { views: [{ rightToLeft: isPersian, state: 'frozen', ySplit: 1 }] })
  writeSummary(sheet('Campaign Summary'), report)
  await writeRecipients(sheet('Recipients Details'), recipients, output)
  writeMessage(sheet('Campaign Message'), report.campaign.message)
  await workbook.commit()
}

const writeSummary = (sheet: Worksheet, { campaign, report, totals, reasons }: ReportReply) => {
  sheet.columns = [{ width: 24 }, { width: 40 }]
  const rows: [string, string | number][] = [
    ['Field', 'Value'],
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
  rows.forEach((row, index) => addRow(sheet, row, index === 0))
  sheet.commit()
}

const writeRecipients = async (
  sheet: Worksheet,
  recipients: Iterable<ListedRecipient>,
  output: PassThrough,
) => {
  sheet.columns = recipientColumns.map((name) => ({ width: widths[name] ?? 12 }))
  sheet.autoFilter = { from: { row: 1, column: 1 }, to: { row: 1, column: recipientColumns.length } }
  addRow(sheet, [...recipientColumns], true)
  let written = 0
  for (const recipient of recipients) {
    const row = sheet.addRow(recipientRow(recipient))
    row.eachCell((cell) => (cell.style = PLAIN))
    row.commit()
    written += 1
    if (written % ROWS_BETWEEN_PAUSES === 0) await room(output)
  }
  sheet.commit()
}

/** Lets others work, and waits for a slow reader. */
const room = async (output: PassThrough): Promise<void> => {
  await new Promise(setImmediate)
  while (output.writableNeedDrain && !output.destroyed)
    await new Promise((resolve) => {
      output.once('drain', resolve).once('close', resolve)
    })
  if (output.destroyed) throw new Error('the reader is gone')
}

const writeMessage = (sheet: Worksheet, message: string) => {
  sheet.columns = [{ width: 80 }]
  addRow(sheet, ['Message'], true)
  const row = sheet.addRow([harmless(message)])
  row.alignment = { wrapText: true, vertical: 'top' }
  row.commit()
  sheet.commit()
}

const addRow = (sheet: Worksheet, cells: (string | number)[], isHeader: boolean) => {
  const row = sheet.addRow(cells)
  if (isHeader) row.font = { bold: true }
  row.commit()
}
