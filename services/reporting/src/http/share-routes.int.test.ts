import { createHmac } from 'node:crypto'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { sharedReportUrl, shareIdSchema, signedShareText } from '@peyk/contracts'

import { campaign, campaignId, event, linkRequested, running, session } from '../testing/events.ts'
import { type ReportingService, startReportingService } from '../testing/reporting-service.contract.ts'

let service: ReportingService
const key = Buffer.alloc(32, 7)
const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString()
const yesterday = new Date(Date.now() - 86_400_000).toISOString()
const shareId = (index: number) => shareIdSchema.parse(index.toString(16).padStart(32, 'a'))
const shared = (index: number, expiresAt: string) =>
  campaign('ReportShared', { shareId: shareId(index), key: key.toString('base64'), expiresAt })

const link = (index: number, expiresAt = inAWeek, id = campaignId) => {
  const signature = createHmac('sha256', key)
    .update(signedShareText(id, shareId(index), expiresAt))
    .digest('base64url')
  return sharedReportUrl(id, shareId(index), signature)
}
const answerTo = async (path: string) => {
  const answer = await service.get(path)
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}

beforeAll(async () => {
  service = await startReportingService()
  await service.write([
    linkRequested(),
    session('SessionLinked', { maskedNumber: '98912***0000' }),
    ...running(),
    event('campaign-8', 'CampaignCreated', {
      campaignId: 8,
      tenant: 'other',
      ownerId: '1',
      title: 'T',
      message: 'M',
    }),
    shared(1, inAWeek),
    shared(2, yesterday),
    shared(3, inAWeek),
    campaign('ReportShareRevoked', { shareId: shareId(3) }),
  ])
}, 60_000)
afterAll(() => service.stop())

test('a good link opens the page without a login, without a number, for no cache and no search engine', async () => {
  const { status, text, headers } = await answerTo(`${link(1)}&lang=en`)
  expect(status).toBe(200)
  expect(text).toContain('Campaign report')
  expect(text).not.toMatch(/9120000000/)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-robots-tag')).toContain('noindex')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
})

test('whatever is wrong with a link, the answer is the same 404', async () => {
  const good = link(1)
  const wrong = {
    expired: link(2, yesterday),
    revoked: link(3),
    'of another campaign': good.replace('/campaigns/7/', '/campaigns/8/'),
    'of no campaign': good.replace('/campaigns/7/', '/campaigns/99/'),
    'with another end': link(2),
    'altered at the end': `${good.slice(0, -2)}${good.endsWith('AA') ? 'BB' : 'AA'}`,
    'with another id': good.replace(shareId(1), shareId(3)),
    longer: `${good}A`,
    shorter: good.slice(0, -1),
    'without a signature': good.slice(0, good.indexOf('.')),
    'without a key': '/api/campaigns/7/report/shared',
    'with two keys': `${good}&key=x`,
    'of a bad campaign': good.replace('/campaigns/7/', '/campaigns/x/'),
  }
  const answers = await Promise.all(
    Object.entries(wrong).map(async ([name, path]) => {
      const { status, text } = await answerTo(path)
      return { name, status, text }
    }),
  )
  const text = answers[0]?.text
  expect(text).toContain('campaign_not_found')
  expect(answers).toEqual(Object.keys(wrong).map((name) => ({ name, status: 404, text })))
})

test('a link that is revoked is closed at once', async () => {
  await service.write([shared(4, inAWeek)])
  expect((await answerTo(link(4))).status).toBe(200)
  await service.write([campaign('ReportShareRevoked', { shareId: shareId(4) })])
  expect((await answerTo(link(4))).status).toBe(404)
})

test('another tenant with a token gets the same 404 for the page', async () => {
  const other = await service.get('/api/campaigns/7/report/view', { tenant: 'other' })
  expect([other.status, await other.text()]).toEqual([404, (await answerTo(link(3))).text])
})
