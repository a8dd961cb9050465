// Golden files: what each kind of list comes to, row by row. Every row is accepted, refused for a reason, or a duplicate.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Phone } from '@peyk/contracts'
import { ProblemError } from '@peyk/service-kit'
import { temporaryFolder, type TemporaryFolder } from '@peyk/testing'
import excel from 'exceljs'

import { nameRows, type SheetRow } from './columns.ts'
import { createJudge } from './judge-rows.ts'
import { readCsv } from './read-csv.ts'
import { readXlsx } from './read-xlsx.ts'
import { writeText, writeWorkbook, zipOf } from './testing/files.ts'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

type Sheet = AsyncIterable<SheetRow>

/** What a file comes to: counts, the reasons of refused rows, and the first recipient. */
const importOf = async (sheet: Sheet) => {
  const judge = createJudge({ country: 'IR', required: [] }, new Set<Phone>())
  const result = { rows: 0, accepted: 0, duplicates: 0, refused: [] as string[], first: '' }
  for await (const row of nameRows(sheet)) {
    const judged = judge(row)
    result.rows += 1
    if (judged.outcome === 'duplicate') result.duplicates += 1
    else if (judged.outcome === 'rejected') result.refused.push(`${judged.error.row} ${judged.error.code}`)
    else {
      result.accepted += 1
      const { phone, variables } = judged.recipient
      if (result.first === '') result.first = [phone, ...Object.values(variables)].join(' ')
    }
  }
  expect(result.accepted + result.duplicates + result.refused.length).toBe(result.rows)
  return `${result.accepted} + ${result.duplicates} = ${result.first}${result.refused.length === 0 ? '' : ` | ${result.refused.join(', ')}`}`
}

const csv = async (content: string | Buffer) => importOf(readCsv(await writeText(folder.path, content)))
const xlsx = async (
  rows: readonly (readonly excel.CellValue[])[],
  change?: (sheet: excel.Worksheet) => void,
) => importOf(readXlsx(await writeWorkbook(folder.path, rows, change)))
const refusal = async (work: Promise<string>) => {
  try {
    return await work
  } catch (error) {
    return error instanceof ProblemError ? `${error.code}: ${String(error.detail)}` : String(error)
  }
}

const ALI = '989123456789 علی'
const one = `1 + 0 = ${ALI}`
/** "موبایل,نام" and "علي" as an Excel of Iran wrote them before Unicode. */
const windows1256 = Buffer.concat([
  Buffer.from([0xe3, 0xe6, 0xc8, 0xc7, 0xed, 0xe1, 0x2c, 0xe4, 0xc7, 0xe3, 0x0d, 0x0a]),
  Buffer.from('09123456789,'),
  Buffer.from([0xda, 0xe1, 0xed, 0x0d, 0x0a]),
])

describe('csv', () => {
  const files: readonly (readonly [name: string, content: string | Buffer, expected: string])[] = [
    ['comma', 'phone,name\n09123456789,علی\n', one],
    ['semicolon, as Excel writes in Persian', 'phone;name\r\n09123456789;علی\r\n', one],
    ['tab', 'phone\tname\n09123456789\tعلی\n', one],
    ['a byte order mark', '\ufeffphone,name\n09123456789,علی\n', one],
    ['a byte order mark and semicolons', '\ufeffموبایل;نام\r\n09123456789;علی\r\n', one],
    ['Windows-1256', windows1256, '1 + 0 = 989123456789 علي'],
    [
      'UTF-16, "Unicode text" of Excel',
      Buffer.from('\ufeffphone\tname\r\n09123456789\tعلی\r\n', 'utf16le'),
      one,
    ],
    ['no line end at the end', 'phone,name\n09123456789,علی', one],
    ['line ends of an old Mac', 'phone,name\r09123456789,علی\r', one],
    ['a comma inside quotes', 'phone,name\n09123456789,"علی, رضا"\n', '1 + 0 = 989123456789 علی, رضا'],
    ['a line end inside quotes', 'phone,name\n09123456789,"علی\nرضا"\n', '1 + 0 = 989123456789 علی\nرضا'],
    ['quotes inside quotes', 'phone,name\n09123456789,"علی ""دایی"""\n', '1 + 0 = 989123456789 علی "دایی"'],
    ['a loose quote', 'phone,name\n09123456789,علی"دایی\n', '1 + 0 = 989123456789 علی"دایی'],
    ['headers with ي and ك', 'شماره موبايل,نام\n09123456789,علی\n', one],
    ['headers with half-spaces', 'شماره\u200cتلفن,نام\n09123456789,علی\n', one],
    ['headers with blanks and capitals', ' PHONE Number , Name \n09123456789,علی\n', one],
    ['an order of columns of its own', 'نام,موبایل\nعلی,09123456789\n', one],
    ['only numbers', 'phone\n09123456789\n', '1 + 0 = 989123456789'],
    ['empty rows', 'phone,name\n\n,\n09123456789,علی\n ,\n\n', one],
    ['empty rows before the header', '\n\n,,\nphone,name\n09123456789,علی\n', one],
    [
      'rows that are too short and too long',
      'phone,name\n09123456789\n09120000001,a,b,c\n',
      '2 + 0 = 989123456789',
    ],
    [
      'duplicates in five spellings',
      'phone,name\n09123456789,علی\n9123456789,2\n+98 912 345 6789,3\n00989123456789,4\n۰۹۱۲۳۴۵۶۷۸۹,5\n',
      `1 + 4 = ${ALI}`,
    ],
    ['numbers stored as numbers', 'phone,name\n9123456789,علی\n', one],
    ['numbers with .0', 'phone,name\n9123456789.0,علی\n', one],
    ['numbers that lost digits', 'phone,name\n9.12E+09,x\n09123456789,علی\n', `${one} | 2 lost_digits`],
    ['bidi marks and NBSP inside', 'phone,name\n\u202a0912\u00a0345\u200e6789\u202c,علی\n', one],
    ['+98 (0)', 'phone,name\n+98 (0) 912 345 6789,علی\n', one],
    ['Arabic digits', 'phone,name\n٠٩١٢٣٤٥٦٧٨٩,علی\n', one],
    ['text marks of Excel', 'phone,name\n"=""09123456789""",علی\n', one],
    [
      'bad rows among good ones',
      'phone,name\n,بی شماره\n12,کوتاه\nabc,حرف\n0912345678,کم\n09123456789,علی\n091234567890,زیاد\n',
      `${one} | 2 missing_phone, 3 invalid_phone, 4 invalid_phone, 5 invalid_phone, 7 invalid_phone`,
    ],
    ['a name with {{...}}', 'phone,name\n09123456789,{{phone}}\n', '1 + 0 = 989123456789 {{phone}}'],
    ['a formula is text in csv', 'phone,name\n09123456789,=1+1\n', '1 + 0 = 989123456789 =1+1'],
    [
      'a value that is too long',
      `phone,name\n09123456789,${'x'.repeat(1_001)}\n`,
      '0 + 0 =  | 2 value_too_long',
    ],
    ['a header and no row', 'phone,name\n', '0 + 0 = '],
    ['Persian columns of their own', 'موبایل,نام,شهر\n09123456789,علی,یزد\n', `1 + 0 = ${ALI} یزد`],
    ['an emoji', 'phone,name\n09123456789,علی 🎉\n', `1 + 0 = ${ALI} 🎉`],
  ]
  test.each(files)('%s', async (_name, content, expected) => expect(await csv(content)).toBe(expected))

  const refused: readonly (readonly [name: string, content: string | Buffer, expected: string])[] = [
    ['0 bytes', '', 'the file is empty'],
    ['only blanks', ' \n\n ', 'the file is empty'],
    ['no header', '09123456789,علی\n09123456780,رضا\n', 'the first row names the columns'],
    ['two columns of one name', 'phone,نام,name\n1,2,3\n', 'has the name of another column'],
    [
      '201 columns',
      `phone,${Array.from({ length: 201 }, (_, n) => `c${n}`).join(',')}\n`,
      'at most 200 columns',
    ],
    ['a million columns', `phone,${'a,'.repeat(1_000_000)}\n`, 'not a valid csv file'],
    ['a line without end', `phone,name\n"${'x'.repeat(400_000)}\n`, 'not a valid csv file'],
    [
      'a picture',
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d]),
      'not a text file',
    ],
  ]
  test.each(refused)('%s is refused', async (_name, content, detail) =>
    expect(await refusal(csv(content))).toContain(detail),
  )
})

describe('xlsx', () => {
  const files: readonly (readonly [
    name: string,
    rows: readonly (readonly excel.CellValue[])[],
    expected: string,
  ])[] = [
    [
      'text',
      [
        ['phone', 'name'],
        ['09123456789', 'علی'],
      ],
      one,
    ],
    [
      'Persian headers',
      [
        ['شماره تلفن', 'نام'],
        ['۰۹۱۲۳۴۵۶۷۸۹', 'علی'],
      ],
      one,
    ],
    [
      'numbers, the leading 0 lost',
      [
        ['phone', 'name'],
        [9123456789, 'علی'],
      ],
      one,
    ],
    [
      'numbers with the country code',
      [
        ['phone', 'name'],
        [989123456789, 'علی'],
      ],
      one,
    ],
    [
      'numbers that lost digits',
      [['phone'], [9.12e25], ['09123456789']],
      '1 + 0 = 989123456789 | 2 lost_digits',
    ],
    [
      'duplicates as text and number',
      [
        ['phone', 'name'],
        ['09123456789', 'علی'],
        [9123456789, 'x'],
      ],
      `1 + 1 = ${ALI}`,
    ],
    ['empty rows between', [['phone', 'name'], [], [null, null], ['09123456789', 'علی']], one],
    [
      'rich text',
      [
        ['phone', 'name'],
        ['09123456789', { richText: [{ text: 'ع' }, { text: 'لی' }] }],
      ],
      one,
    ],
    [
      'a link',
      [
        ['phone', 'name'],
        ['09123456789', { text: 'علی', hyperlink: 'https://a.ir' }],
      ],
      one,
    ],
    [
      'a date and a truth',
      [
        ['phone', 'd', 'b'],
        ['09123456789', new Date('2024-03-20T00:00:00Z'), true],
      ],
      '1 + 0 = 989123456789 2024-03-20 true',
    ],
    [
      'an error in a cell',
      [
        ['phone', 'name'],
        ['09123456789', { error: '#N/A' }],
      ],
      '1 + 0 = 989123456789',
    ],
    ['a header and no row', [['phone', 'name']], '0 + 0 = '],
  ]
  test.each(files)('%s', async (_name, rows, expected) => expect(await xlsx(rows)).toBe(expected))

  test('merged cells count where their value stands', async () =>
    expect(
      await xlsx(
        [
          ['phone', 'name', 'x'],
          ['09123456789', 'علی', null],
        ],
        (sheet) => sheet.mergeCells('B2:C2'),
      ),
    ).toContain(one))
  test('a title merged over the header is no header', async () =>
    expect(
      await refusal(
        xlsx([['لیست مشتریان'], ['phone'], ['09123456789']], (sheet) => sheet.mergeCells('A1:C1')),
      ),
    ).toContain('the first row names the columns'))
  test('rows and columns that are hidden count too', async () =>
    expect(
      await xlsx(
        [
          ['phone', 'name'],
          ['09123456789', 'علی'],
        ],
        (sheet) => {
          sheet.getRow(2).hidden = true
          sheet.getColumn(2).hidden = true
        },
      ),
    ).toBe(one))
  test('only the first sheet counts', async () =>
    expect(
      await xlsx(
        [
          ['phone', 'name'],
          ['09123456789', 'علی'],
        ],
        (sheet) => {
          sheet.workbook.addWorksheet('more').addRow(['phone'])
        },
      ),
    ).toBe(one))
  test('a sheet that begins further down and right', async () =>
    expect(await xlsx([[], [], [null, null, 'phone', 'name'], [null, null, '09123456789', 'علی']])).toBe(one))
  test.each<[string, excel.CellValue]>([
    ['a formula with its result', { formula: '1+1', result: '09123456789' }],
    ['a formula without one', { formula: 'NOW()' }],
  ])('%s is refused', async (_name, cell) =>
    expect(await refusal(xlsx([['phone'], [cell]]))).toContain('cell A2 has a formula'),
  )

  const workbook = { name: 'xl/workbook.xml', content: Buffer.from('<workbook/>') }
  const hostile: readonly (readonly [name: string, make: () => Buffer, expected: string])[] = [
    [
      'a zip bomb',
      () => zipOf([workbook, { name: 'xl/worksheets/sheet1.xml', content: Buffer.alloc(2_000_000) }]),
      'unpacks to more',
    ],
    [
      'a bomb in the table of texts',
      () => zipOf([workbook, { name: 'xl/sharedStrings.xml', content: Buffer.alloc(600_000) }]),
      'unpacks to more',
    ],
    [
      'a file with macros',
      () => zipOf([workbook, { name: 'xl/vbaProject.bin', content: Buffer.from('x') }]),
      'macros',
    ],
    [
      'a letter',
      () => zipOf([{ name: 'word/document.xml', content: Buffer.from('<w/>') }]),
      'not an xlsx file',
    ],
    ['a zip cut at its end', () => zipOf([workbook]).subarray(0, -30), 'damaged'],
    ['a zip cut at its beginning', () => zipOf([workbook]).subarray(7), 'damaged'],
    ['four bytes', () => Buffer.from('PK\x03\x04'), 'damaged'],
    [
      'a zip of too many parts',
      () => zipOf(Array.from({ length: 2_001 }, (_, n) => ({ name: `${n}`, content: Buffer.alloc(0) }))),
      'too many parts',
    ],
    [
      'a workbook that is no XML',
      () =>
        zipOf([
          { name: 'xl/workbook.xml', content: Buffer.from('\0<<<') },
          { name: 'xl/worksheets/sheet1.xml', content: Buffer.from('<<<&') },
        ]),
      'invalid_file',
    ],
  ]
  test.each(hostile)('%s is refused', async (_name, make, detail) => {
    const path = join(folder.path, 'hostile.xlsx')
    await writeFile(path, make())
    const limits = { maxBytes: 1_000_000, maxSharedStringsBytes: 500_000 }
    expect(await refusal(importOf(readXlsx(path, limits)))).toContain(detail)
  })
})
