// The xlsx file to fill in: a header that an import understands, and numbers as text.
import { PassThrough, type Readable } from 'node:stream'

/** Written anew for each request; it is a few kilobytes. */
export const importTemplate = (): Readable => {
  const output = new PassThrough()
  write(output).catch((error: unknown) => output.destroy(error instanceof Error ? error : undefined))
  return output
}

const write = async (output: PassThrough): Promise<void> => {
  // Loaded when it is asked for: it is large, and the start of the service does not wait for it.
  const { default: excel } = await import('exceljs')
  const workbook = new excel.stream.xlsx.WorkbookWriter({ stream: output, useStyles: true })
  const sheet = workbook.addWorksheet('recipients', { views: [{ rightToLeft: true }] })
  sheet.columns = [
    { header: 'شماره تلفن', key: 'phone', width: 20, style: { numFmt: '@' } },
    { header: 'نام', key: 'name', width: 30 },
  ]
  sheet.addRow({ phone: '09123456789', name: 'علی' }).commit()
  await workbook.commit()
}
