import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ProblemError } from '@peyk/service-kit'
import { temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { nameRecords } from './columns.ts'
import { collect, namedRows, writeText, writeWorkbook, zipOf } from './testing/files.ts'
import { readCsv } from './read-csv.ts'
import { readXlsx } from './read-xlsx.ts'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const csv = async (content: string | Buffer) => namedRows(readCsv(await writeText(folder.path, content)))
const ali = { row: 2, phone: '09123456789', variables: { name: 'علی' } }

describe('csv', () => {
  test.each([
    ['comma', 'phone,name\n09123456789,علی\n'],
    ['semicolon', 'phone;name\r\n09123456789;علی\r\n'],
    ['tab', 'phone\tname\n09123456789\tعلی'],
    ['a byte order mark', '\ufeffphone,name\n09123456789,علی\n'],
    ['quotes', '"phone","name"\n"09123456789","علی"\n'],
    ['Persian headers', 'موبایل,نام\n09123456789,علی\n'],
    ['Arabic letters, half-spaces and case in headers', 'شماره\u200cتلفن, NAME \n09123456789,علی\n'],
    ['spaces around values', 'phone,name\n09123456789, علی \n'],
    ['old line ends', 'phone,name\r09123456789,علی\r'],
  ])('%s', async (_what, content) => expect(await csv(content)).toEqual([ali]))

  test('UTF-16 of a spreadsheet', async () =>
    expect(await csv(Buffer.from('\ufeffphone\tname\n09123456789\tعلی\n', 'utf16le'))).toEqual([ali]))

  test('Windows-1256', async () => {
    // علي in Windows-1256, with the Arabic ي that this code page has
    const content = Buffer.concat([Buffer.from('phone,name\n09123456789,'), Buffer.from([0xda, 0xe1, 0xed])])
    expect(await csv(content)).toEqual([{ ...ali, variables: { name: 'علي' } }])
  })

  test('empty rows are no rows, and keep their place in the count', async () =>
    expect(await csv('phone,name\n\n,,\n09123456789,علی\n')).toEqual([{ ...ali, row: 4 }]))

  test('any other column is a variable, empty values are none', async () =>
    expect(await csv('name,City,phone,x\nعلی,Yazd,09123456789,\n')).toEqual([
      { ...ali, variables: { name: 'علی', city: 'Yazd' } },
    ]))

  test('a name that looks like a prototype is a name', async () => {
    const [row] = await csv('phone,__proto__\n09123456789,x\n')
    expect(Object.keys(row!.variables)).toEqual(['proto'])
  })

  test.each([
    ['empty', '', 'the file is empty'],
    ['without a phone column', 'name,city\nعلی,Yazd\n', 'the first row names the columns'],
    ['two columns of one name', 'phone,name,نام\n1,2,3\n', 'has the name of another column'],
    ['binary', 'phone\0', 'not a text file'],
    ['a million columns', `phone,${'a,'.repeat(1_000_000)}\n`, 'not a valid csv file'],
    [
      '300 columns',
      `phone,${Array.from({ length: 300 }, (_, i) => `c${i}`).join(',')}\n`,
      'at most 200 columns',
    ],
    ['a quote that never ends', `phone,name\n"09123456789,${'x'.repeat(300_000)}`, 'not a valid csv file'],
  ])('%s is refused', async (_what, content, detail) =>
    expect(csv(content)).rejects.toMatchObject({
      code: 'invalid_file',
      detail: expect.stringContaining(detail),
    }),
  )
})

describe('xlsx', () => {
  const xlsx = async (
    ...sheet: Parameters<typeof writeWorkbook> extends [string, ...infer Rest] ? Rest : never
  ) => namedRows(readXlsx(await writeWorkbook(folder.path, ...sheet)))

  test('text, numbers, dates and rich text', async () => {
    const rich = { richText: [{ text: 'ع' }, { text: 'لی', font: { bold: true } }] }
    const link = { text: 'site', hyperlink: 'https://example.com' }
    const rows = await xlsx([
      ['موبایل', 'نام', 'since', 'sum', 'site'],
      ['09123456789', rich, new Date('2024-03-20T00:00:00Z'), 12.5, link],
      [9123456789, 'رضا', null, 0, null],
    ])
    expect(rows).toEqual([
      { ...ali, variables: { name: 'علی', since: '2024-03-20', sum: '12.5', site: 'site' } },
      { row: 3, phone: '9123456789', variables: { name: 'رضا', sum: '0' } },
    ])
  })

  test('numbers that a spreadsheet has rounded stay recognisable', async () =>
    expect(await xlsx([['phone'], [9.12e25]])).toEqual([{ row: 2, phone: '9.12e+25', variables: {} }]))

  test('merged cells are read as far as they hold a value', async () => {
    const rows = await xlsx(
      [
        ['phone', 'name', 'city'],
        ['09123456789', 'علی', null],
      ],
      (sheet) => sheet.mergeCells('B2:C2'),
    )
    expect(rows).toMatchObject([{ phone: '09123456789', variables: { name: 'علی' } }])
  })

  test('only the first sheet counts', async () =>
    expect(
      await xlsx([['phone'], ['09123456789']], (sheet) => {
        sheet.workbook.addWorksheet('second').addRow(['phone'])
      }),
    ).toHaveLength(1))

  test('a formula is refused with its cell', async () =>
    expect(xlsx([['phone'], [{ formula: 'A1&"1"', result: '09123456789' }]])).rejects.toMatchObject({
      code: 'invalid_file',
      detail: 'cell A2 has a formula: save the file with values only',
    }))

  const refusal = async (content: Buffer) => {
    const path = join(folder.path, 'bad.xlsx')
    await writeFile(path, content)
    const limits = { maxBytes: 1024 * 1024, maxSharedStringsBytes: 512 * 1024 }
    try {
      await namedRows(readXlsx(path, limits))
      return 'accepted'
    } catch (error) {
      return error instanceof ProblemError ? `${error.code}: ${String(error.detail)}` : String(error)
    }
  }
  const workbook = { name: 'xl/workbook.xml', content: Buffer.from('<workbook/>') }

  test('hostile files are refused, each with its reason', async () => {
    const bomb = { name: 'xl/worksheets/sheet1.xml', content: Buffer.alloc(2 * 1024 * 1024) }
    const texts = { name: 'xl/sharedStrings.xml', content: Buffer.alloc(600 * 1024) }
    const macro = { name: 'xl/vbaProject.bin', content: Buffer.from('x') }
    const letter = { name: 'word/document.xml', content: Buffer.from('<w/>') }
    const good = zipOf([workbook])
    expect(await refusal(zipOf([workbook, bomb]))).toBe(
      'invalid_file: the file unpacks to more than is allowed',
    )
    expect(await refusal(zipOf([workbook, texts]))).toBe(
      'invalid_file: the file unpacks to more than is allowed',
    )
    expect(await refusal(zipOf([workbook, macro]))).toMatch('macros')
    expect(await refusal(zipOf([letter]))).toBe('invalid_file: not an xlsx file')
    expect(await refusal(good.subarray(0, good.length - 30))).toMatch('damaged')
    expect(await refusal(Buffer.concat([good, Buffer.from('PK')]).subarray(5))).toMatch('damaged')
    expect(await refusal(Buffer.from('PK\x03\x04'))).toMatch('damaged')
  })

  test('parts that the directory does not name are refused', async () => {
    const hidden = zipOf([{ name: 'xl/worksheets/sheet1.xml', content: Buffer.alloc(1_000) }])
    const shown = zipOf([workbook])
    const localBytes = hidden.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))
    const moved = Buffer.concat([hidden.subarray(0, localBytes), shown])
    const central = moved.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]))
    const end = moved.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]))
    moved.writeUInt32LE(localBytes, central + 42)
    moved.writeUInt32LE(central, end + 16)
    expect(await refusal(moved)).toMatch('damaged')
  })
})

test('records of JSON name their own values', async () =>
  expect(
    await collect(
      nameRecords([
        { phone: '09123456789', name: 'علی' },
        { 'شماره تلفن': 9123456789, Age: 3, empty: ' ' },
        { name: 'x' },
      ]),
    ),
  ).toEqual([
    { ...ali, row: 1 },
    { row: 2, phone: '9123456789', variables: { age: '3' } },
    { row: 3, phone: '', variables: { name: 'x' } },
  ]))
