// The parts of an xlsx file as XML (ECMA-376), no more of them than spreadsheet programs ask for.
import type { ZipEntry } from './zip.ts'

export interface Sheet {
  readonly name: string
  /** Of the columns, in characters. */
  readonly widths: readonly number[]
  readonly header: readonly string[]
  readonly rows: Iterable<readonly (string | number)[]>
  readonly hasFilter?: true
  /** Long texts go on in the next line of their cell. */
  readonly isWrapped?: true
}

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const TYPES = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** Numbers of the cell styles in `styles.xml`. */
const [PLAIN, HEADER, WRAPPED] = [0, 1, 2]
const ROWS_A_PIECE = 500

const part = (name: string, ...xml: readonly string[]): ZipEntry => ({
  name,
  pieces: [Buffer.from(HEAD + xml.join(''))],
})

/** Everything but the sheets themselves, which are `xl/worksheets/sheet1.xml` and so on. */
export const workbookParts = (sheets: readonly Sheet[]): readonly ZipEntry[] => {
  const each = (xml: (sheet: Sheet, number: number) => string) =>
    sheets.map((sheet, index) => xml(sheet, index + 1)).join('')
  return [
    part(
      '[Content_Types].xml',
      `<Types xmlns="${PACKAGE}/content-types">`,
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>',
      `<Override PartName="/xl/workbook.xml" ContentType="${TYPES}.sheet.main+xml"/>`,
      `<Override PartName="/xl/styles.xml" ContentType="${TYPES}.styles+xml"/>`,
      each(
        (_, number) =>
          `<Override PartName="/xl/worksheets/sheet${number}.xml" ContentType="${TYPES}.worksheet+xml"/>`,
      ),
      '</Types>',
    ),
    part(
      '_rels/.rels',
      `<Relationships xmlns="${PACKAGE}/relationships">`,
      `<Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ),
    part(
      'xl/workbook.xml',
      `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>`,
      each(({ name }, number) => `<sheet name="${escaped(name)}" sheetId="${number}" r:id="rId${number}"/>`),
      `</sheets>${filterNames(sheets)}</workbook>`,
    ),
    part(
      'xl/_rels/workbook.xml.rels',
      `<Relationships xmlns="${PACKAGE}/relationships">`,
      each(
        (_, number) =>
          `<Relationship Id="rId${number}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${number}.xml"/>`,
      ),
      `<Relationship Id="rId${sheets.length + 1}" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`,
    ),
    part(
      'xl/styles.xml',
      `<styleSheet xmlns="${MAIN}"><fonts count="2">`,
      '<font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>',
      '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>',
      '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>',
      '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3">',
      '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>',
      '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>',
      '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">',
      '<alignment vertical="top" wrapText="1"/></xf></cellXfs></styleSheet>',
    ),
  ]
}

/** Spreadsheet programs look for the filtered range under this name, too. */
const filterNames = (sheets: readonly Sheet[]): string => {
  const names = sheets.flatMap(({ name, header, hasFilter }, index) =>
    hasFilter === undefined
      ? []
      : `<definedName name="_xlnm._FilterDatabase" localSheetId="${index}" hidden="1">'${name}'!$A$1:$${columnOf(header.length)}$1</definedName>`,
  )
  return names.length === 0 ? '' : `<definedNames>${names.join('')}</definedNames>`
}

/** The header stays in sight; rows are read when they are wanted. */
export function* sheetXml(sheet: Sheet, isRightToLeft: boolean): Iterable<Buffer> {
  const { widths, header, rows, hasFilter, isWrapped } = sheet
  const columns = widths.map((width, index) => {
    const number = index + 1
    return `<col min="${number}" max="${number}" width="${width}" customWidth="1"/>`
  })
  const direction = isRightToLeft ? ' rightToLeft="1"' : ''
  let xml = HEAD.concat(
    `<worksheet xmlns="${MAIN}"><sheetViews><sheetView${direction} workbookViewId="0">`,
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>',
    `<cols>${columns.join('')}</cols><sheetData>${rowXml(header, 1, HEADER)}`,
  )
  let number = 1
  for (const row of rows) {
    number += 1
    xml += rowXml(row, number, isWrapped === undefined ? PLAIN : WRAPPED)
    if (number % ROWS_A_PIECE !== 0) continue
    yield Buffer.from(xml)
    xml = ''
  }
  const filter = hasFilter === undefined ? '' : `<autoFilter ref="A1:${columnOf(header.length)}1"/>`
  yield Buffer.from(`${xml}</sheetData>${filter}</worksheet>`)
}

/** Of the first 26. */
const columnOf = (number: number): string => String.fromCharCode(64 + number)

const rowXml = (cells: readonly (string | number)[], number: number, style: number): string => {
  let xml = `<row r="${number}">`
  for (const [index, cell] of cells.entries()) {
    if (cell === '') continue
    const place = `r="${columnOf(index + 1)}${number}" s="${style}"`
    xml +=
      typeof cell === 'number'
        ? `<c ${place}><v>${cell}</v></c>`
        : `<c ${place} t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`
  }
  return `${xml}</row>`
}

const entities: Partial<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** What XML cannot hold at all is left out: control characters, halves of pairs. */
const escaped = (text: string): string =>
  /^[\w .:+\-\u0600-\u06ff]*$/.test(text)
    ? text
    : text
        .toWellFormed()
        .replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, '')
        .replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')
