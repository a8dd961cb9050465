import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { reportReplySchema, totalsOfPending } from '@peyk/contracts'

import {
  at,
  campaign,
  linkRequested,
  moved,
  outcome,
  running,
  session,
  sessionId,
} from '../testing/events.ts'
import {
  type ReportingService,
  startReportingService,
  type User,
} from '../testing/reporting-service.contract.ts'

let service: ReportingService
const owner: User = {}
const viewer: User = { user: '9', roles: ['viewer'] }

beforeAll(async () => {
  service = await startReportingService()
  const outcomes = [moved(1, 'sent', 3), moved(2, 'skipped', 4, 'not_on_whatsapp')]
  const totals = { ...totalsOfPending(1), sent: 1, skipped: 1 }
  await service.write([
    linkRequested(),
    session('SessionLinked', { maskedNumber: '98912***0000' }, at(1)),
    ...running(),
    outcome('OutcomesRecorded', { epoch: 'e', toSeq: 1, outcomes, totals }, at(4)),
    outcome(
      'OutcomesRecorded',
      {
        epoch: 'e',
        toSeq: 2,
        outcomes: [moved(3, 'sent', 6)],
        totals: { ...totals, pending: 0, sent: 2 },
      },
      at(6),
    ),
    campaign('CampaignCompleted', { totals: { ...totals, pending: 0, sent: 2 } }, at(7)),
  ])
}, 60_000)
afterAll(() => service.stop())

const json = async (path: string, user: User = owner): Promise<unknown> =>
  (await service.get(path, user)).json()
const report = async (query = '') => reportReplySchema.parse(await json(`/api/campaigns/7/report${query}`))

describe('a report', () => {
  test('tells the newest, at once', async () => {
    expect(await report()).toMatchObject({
      report: { status: 'COMPLETED', totalSent: 2, totalFailed: 1 },
      reasons: [{ state: 'skipped', reason: 'not_on_whatsapp', count: 1 }],
      numbers: [{ sessionId, number: '98912***0000', sent: 2 }],
      speed: { firstSentAt: at(3), lastSentAt: at(6), perHour: 20 },
    })
  })
  test.each([
    [at(3), 'RUNNING', 0],
    [at(4), 'RUNNING', 1],
    ['2024-01-01T13:36:00%2B03:30', 'RUNNING', 2],
    [at(7), 'COMPLETED', 2],
    ['2100-01-01T00:00:00Z', 'COMPLETED', 2],
  ])('as of %s', async (asOf, status, totalSent) => {
    expect((await report(`?asOf=${asOf}`)).report).toMatchObject({ status, totalSent })
  })
  test('of now, and as of now, have the same bytes', async () => {
    const [now, then] = await Promise.all(
      ['', `?asOf=${new Date().toISOString()}`].map((query) =>
        service.get(`/api/campaigns/7/report${query}`, owner),
      ),
    )
    expect(await then?.text()).toBe(await now?.text())
  })
  test('before there was a campaign there is none', async () => {
    expect((await service.get('/api/campaigns/7/report?asOf=2023-01-01T00:00:00Z', owner)).status).toBe(404)
  })
  test.each(['yesterday', '2024-01-01', '2024-01-01T10:00:00'])('as of %s is refused', async (asOf) => {
    expect(await json(`/api/campaigns/7/report?asOf=${asOf}`)).toMatchObject({ code: 'invalid_request' })
  })
  test('recipients and files as of a moment, more of them than replays at once', async () => {
    const paths = Array.from({ length: 6 }, (_, index) =>
      index % 2 === 0 ? `recipients?asOf=${at(4)}` : `report/download?format=csv&asOf=${at(4)}`,
    )
    const texts = await Promise.all(
      paths.map(async (path) => (await service.get(`/api/campaigns/7/${path}`, owner)).text()),
    )
    for (const text of texts) expect(text.match(/\bpending\b/g)).toHaveLength(1)
  })
  test('a reader who goes away gives the place of a replay back', async () => {
    for (let round = 0; round < 4; round += 1) {
      const answer = await service.get(`/api/campaigns/7/report/download?asOf=${at(4)}`, owner)
      await answer.body?.cancel()
    }
    expect((await report(`?asOf=${at(4)}`)).report.totalSent).toBe(1)
  })
  test('is none for others', async () => {
    for (const user of [{ tenant: 'other' }, { user: '2' }, { campaigns: [8] }])
      expect(await json('/api/campaigns/7/report', user)).toMatchObject({ code: 'campaign_not_found' })
  })
})

describe('the page', () => {
  const view = '/api/campaigns/7/report/view'
  test.each([
    ['?lang=en', 'Completed'],
    ['?lang=fa', 'پایان‌یافته'],
    [`?lang=en&asOf=${at(4)}`, 'Running'],
    ['', 'پایان‌یافته'],
  ])('%s', async (query, word) => {
    const answer = await service.get(`${view}${query}`, owner)
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    const text = await answer.text()
    expect(text).toContain(word)
    expect(text).toContain('<polyline')
    expect(text).not.toMatch(/0?9120000000/)
  })
  test('is none for others, and needs a token', async () => {
    expect((await service.get(view, { tenant: 'other' })).status).toBe(404)
    expect((await service.get(view)).status).toBe(401)
  })
})

describe('a tenant', () => {
  const usage = '/api/reports/usage?from=2024-01-01&to=2024-01-31'
  test('has its days', async () => {
    expect(await json(usage, viewer)).toMatchObject({ days: [{ day: '2024-01-01', sent: 2, skipped: 1 }] })
    expect(await json(usage, { ...viewer, tenant: 'other' })).toEqual({ days: [] })
  })
  test('has its numbers, each user the own ones', async () => {
    const mine = [{ sessionId, state: 'connected', number: '98912***0000', sent: 2 }]
    expect(await json('/api/reports/numbers')).toMatchObject({ numbers: mine })
    expect(await json('/api/reports/numbers', viewer)).toMatchObject({ numbers: mine })
    expect(await json('/api/reports/numbers', { user: '2' })).toEqual({ numbers: [] })
  })
  test('is for those who may see all of it', async () => {
    expect(await json(usage)).toMatchObject({ code: 'forbidden' })
    expect(await json(usage, { ...viewer, campaigns: [7] })).toMatchObject({ code: 'forbidden' })
    expect(await json('/api/reports/numbers', { campaigns: [7] })).toMatchObject({ code: 'forbidden' })
    expect(await json('/api/reports/usage?from=2020-01-01&to=2024-01-31', viewer)).toMatchObject({
      code: 'invalid_request',
    })
  })
})
