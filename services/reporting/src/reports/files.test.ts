import { buffer } from 'node:stream/consumers'

import { describe, expect, test } from '@jest/globals'
import { type ReportReply, totalsOfPending } from '@peyk/contracts'
import excel from 'exceljs'

import type { ListedRecipient } from '../store/queries.ts'
import { csvOf } from './csv.ts'
import { harmless } from './table.ts'
import { workbookOf } from './workbook.ts'

const recipient = (position: number, name: string): ListedRecipient => ({
  position,
  spelling: '09120000001',
  name,
  state: 'sent',
  reason: null,
  attempt: 1,
  sentAt: '2024-01-01T10:00:00.000Z',
  deliveredAt: null,
  readAt: null,
})
const report = {
  campaign: {
    id: 7,
    title: 'کمپین',
    message: '=1+1 سلام',
    startedAt: null,
    completedAt: null,
    progress: { total: 1 },
  },
  report: { status: 'COMPLETED', totalSent: 1, totalFailed: 0, reportUrl: '/api/campaigns/7/report' },
  totals: totalsOfPending(0),
  reasons: [],
  numbers: [],
  variants: [],
} as unknown as ReportReply

describe('downloads', () => {
  test.each(['=1+1', '+1', '-1', '@x', '\tx'])('the cell %j is made harmless', (cell) =>
    expect(harmless(cell)).toBe(`'${cell}`),
  )
  test('other cells stay as they are', () => expect(harmless('زهرا')).toBe('زهرا'))

  test('csv has a header, a byte order mark and a row a recipient', async () => {
    const text = (await buffer(csvOf([recipient(1, 'زهرا'), recipient(2, '=x')]))).toString('utf8')
    expect(text.split('\n').slice(0, 3)).toEqual([
      '\ufeffposition,phone,name,status,reason,attempt,sentAt,deliveredAt,readAt',
      '1,09120000001,زهرا,sent,,1,2024-01-01T10:00:00.000Z,,',
      "2,09120000001,'=x,sent,,1,2024-01-01T10:00:00.000Z,,",
    ])
  })

  test('xlsx has three sheets, right to left for Persian, and every recipient', async () => {
    const recipients = Array.from({ length: 1_500 }, (_, index) => recipient(index + 1, 'زهرا'))
    const workbook = new excel.Workbook()
    await workbook.xlsx.load((await buffer(workbookOf(report, recipients))) as unknown as excel.Buffer)
    expect(workbook.worksheets.map(({ name }) => name)).toEqual([
      'Campaign Summary',
      'Recipients Details',
      'Campaign Message',
    ])
    expect(workbook.getWorksheet('Recipients Details')?.rowCount).toBe(1_501)
    expect(workbook.getWorksheet('Recipients Details')?.views[0]?.rightToLeft).toBe(true)
    expect(workbook.getWorksheet('Campaign Message')?.getCell('A2').value).toBe("'=1+1 سلام")
  })

  test('xlsx keeps the texts that XML has signs for, leaves out what it cannot hold, and is the same each time', async () => {
    const names = ['a<b>&"c"\n\td', 'x\u0000\u001b\ud800y\uffffz', '😀  ', ']]>']
    const file = () =>
      buffer(
        workbookOf(
          report,
          names.map((name, index) => recipient(index + 1, name)),
        ),
      )
    const workbook = new excel.Workbook()
    await workbook.xlsx.load((await file()) as unknown as excel.Buffer)
    const sheet = workbook.getWorksheet('Recipients Details')
    const kept = names.map((_, index) => sheet?.getCell(`C${index + 2}`).value)
    expect(kept).toEqual([names[0], 'x\ufffdyz', names[2], names[3]])
    expect(sheet?.getCell('A2').value).toBe(1)
    expect(sheet?.autoFilter).toBe('A1:I1')
    expect(sheet?.getCell('A1').font.bold).toBe(true)
    expect((await file()).equals(await file())).toBe(true)
  })

  test('a failure in the middle destroys the file: half of it never looks whole', async () => {
    function* failing(): Iterable<ListedRecipient> {
      yield recipient(1, 'a')
      throw new Error('broken')
    }
    await expect(buffer(workbookOf(report, failing()))).rejects.toThrow('broken')
    await expect(buffer(csvOf(failing()))).rejects.toThrow('broken')
  })
})
