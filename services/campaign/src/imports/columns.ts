// The columns of a list: which one holds the number, and what the others are called.
import { normaliseVariableName } from '@peyk/contracts'
import { ProblemError } from '@peyk/service-kit'

/** One row of a list, its values under normalised names. */
export interface ImportRow {
  /** 1 is the first row of the file, the header included. */
  readonly row: number
  readonly phone: string
  /** Without those that are empty. */
  readonly variables: Readonly<Record<string, string>>
}

/** One row of a sheet as it stands there. */
export interface SheetRow {
  readonly row: number
  readonly cells: readonly string[]
}

const MAX_COLUMNS = 200
const MAX_HEADER_CHARACTERS = 100

/** Normalised names of the column with the number, the surest first. */
const phoneNames = [
  'phone',
  'phone number',
  'mobile',
  'mobile number',
  'whatsapp',
  'شماره تلفن',
  'شماره موبایل',
  'موبایل',
  'تلفن همراه',
  'شماره همراه',
  'تلفن',
  'شماره',
  'number',
  'tel',
]

/** The name among these that is the number's; undefined when none is. */
const phoneNameIn = (names: readonly string[]): string | undefined =>
  phoneNames.find((phoneName) => names.includes(phoneName))

const invalid = (detail: string): never => {
  throw new ProblemError('invalid_file', { detail })
}

const isEmpty = ({ cells }: SheetRow): boolean => cells.every((cell) => cell.trim() === '')

interface Columns {
  readonly phone: number
  readonly variables: readonly { readonly index: number; readonly name: string }[]
}

const readHeader = (header: SheetRow): Columns => {
  const columns = header.cells
    .map((cell, index) => ({ index, name: normaliseVariableName(cell) }))
    .filter(({ name }) => name !== '')
  if (columns.length > MAX_COLUMNS) invalid(`at most ${MAX_COLUMNS} columns`)
  const names = columns.map(({ name }) => name)
  if (names.some((name) => name.length > MAX_HEADER_CHARACTERS))
    invalid(`the name of a column has at most ${MAX_HEADER_CHARACTERS} characters`)
  const repeated = columns.find(({ name }, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) invalid(`column ${repeated.index + 1} has the name of another column`)
  const phoneName = phoneNameIn(names)
  const phone = columns.find(({ name }) => name === phoneName)
  if (phone === undefined)
    return invalid('the first row names the columns, and one of them is phone, mobile, شماره تلفن or موبایل')
  return { phone: phone.index, variables: columns.filter((column) => column !== phone) }
}

/** Names the cells of a sheet by its first row that is not empty; empty rows are no rows. */
export async function* nameRows(sheet: AsyncIterable<SheetRow>): AsyncGenerator<ImportRow> {
  let columns: Columns | undefined
  for await (const row of sheet) {
    if (isEmpty(row)) continue
    if (columns === undefined) columns = readHeader(row)
    else yield nameCells(row, columns)
  }
  if (columns === undefined) invalid('the file is empty')
}

const nameCells = ({ row, cells }: SheetRow, columns: Columns): ImportRow => ({
  row,
  phone: cells[columns.phone] ?? '',
  variables: nonEmpty(columns.variables.map(({ index, name }) => [name, cells[index] ?? ''])),
})

const nonEmpty = (entries: readonly (readonly [string, string])[]): Record<string, string> =>
  Object.fromEntries(
    entries.map(([name, value]) => [name, value.trim()] as const).filter(([, value]) => value !== ''),
  )

/** Rows that came as JSON objects: every one names its own values. */
export async function* nameRecords(
  records: readonly Readonly<Record<string, string | number>>[],
): AsyncGenerator<ImportRow> {
  for (const [index, record] of records.entries()) {
    const entries = Object.entries(record).map(
      ([name, value]) => [normaliseVariableName(name), String(value)] as const,
    )
    const phoneName = phoneNameIn(entries.map(([name]) => name))
    yield await Promise.resolve({
      row: index + 1,
      phone: entries.find(([name]) => name === phoneName)?.[1] ?? '',
      variables: nonEmpty(entries.filter(([name]) => name !== phoneName)),
    })
  }
}
