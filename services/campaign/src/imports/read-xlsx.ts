// The first sheet of an xlsx file, row by row.
import { ProblemError } from '@peyk/service-kit'
import type { Cell, CellValue, Row } from 'exceljs'

import type { SheetRow } from './columns.ts'
import { guardWorkbook, standardZipLimits, type ZipLimits } from './zip-guard.ts'

/** Streams the rows of the first sheet. Formulas, macros and files that unpack to too much are refused. */
export async function* readXlsx(
  path: string,
  limits: ZipLimits = standardZipLimits,
): AsyncGenerator<SheetRow> {
  await guardWorkbook(path, limits)
  // Loaded when a workbook comes: it is large, and the start of the service does not wait for it.
  const { default: excel } = await import('exceljs')
  const workbook = new excel.stream.xlsx.WorkbookReader(path, {
    worksheets: 'emit',
    sharedStrings: 'cache',
    styles: 'cache',
    hyperlinks: 'ignore',
  })
  try {
    for await (const sheet of workbook) {
      for await (const row of sheet) yield { row: row.number, cells: cellsOf(row) }
      return
    }
  } catch (error) {
    if (error instanceof ProblemError) throw error
    throw new ProblemError('invalid_file', { detail: 'the sheet cannot be read', cause: error })
  }
}

const cellsOf = (row: Row): string[] => {
  const cells: string[] = []
  row.eachCell({ includeEmpty: false }, (cell, column) => {
    while (cells.length < column - 1) cells.push('')
    cells.push(textOf(cell.value, cell))
  })
  return cells
}

const textOf = (value: CellValue, cell: Cell): string => {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString().slice(0, 10)
  if (typeof value !== 'object') return String(value)
  if ('formula' in value || 'sharedFormula' in value)
    throw new ProblemError('invalid_file', {
      detail: `cell ${cell.address} has a formula: save the file with values only`,
    })
  if ('richText' in value) return value.richText.map(({ text }) => text).join('')
  if ('text' in value) return textOf(value.text, cell)
  return ''
}
