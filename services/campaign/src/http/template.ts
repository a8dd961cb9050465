// The xlsx file to fill in: a header that an import understands, and numbers as text.
import { PassThrough, type Readable } from 'node:stream'

import excel from 'exceljs'

/** Written anew for each request; it is a few kilobytes. */
export const importTemplate = (): Readable => {
  const output = new PassThrough()
  const workbook = new excel.stream.xlsx.WorkbookWriter({ stream: output, useStyles: true })
  const sheet = workbook.addWorksheet('recipients', { views: [{ rightToLeft: true }] })
  sheet.columns = [
    { header: 'شماره تلفن', key: 'phone', width: 20, style: { numFmt: '@' } },
    { header: 'نام', key: 'name', width: 30 },
  ]
  sheet.addRow({ phone: '09123456789', name: 'علی' }).commit()
  workbook.commit().catch((error: unknown) => output.destroy(error instanceof Error ? error : undefined))
  return output
}
