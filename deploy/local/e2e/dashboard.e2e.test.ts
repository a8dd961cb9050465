// A tenant's whole way through the dashboard in a real browser: from the message to the report.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { describeInChromium, openPage, picture, startBrowser } from './dashboard-browser.ts'
import { startTestStack, type TestStack } from './fixture.ts'

const RECIPIENTS =
  'شماره تلفن,نام\n09120000021,سارا\n09120000022,رضا\n09121100000,مینا\n12,بد\n09120000021,سارا\n'

describeInChromium('the dashboard in Chromium', () => {
  let stack: TestStack
  let browser: Browser
  beforeAll(async () => {
    ;[stack, browser] = await Promise.all([startTestStack(), startBrowser()])
  }, 90_000)
  afterAll(async () => {
    await browser.close()
    await stack[Symbol.asyncDispose]()
  }, 60_000)

  test('a campaign from its message to its report; nothing leaves the origin, nothing overflows', async () => {
    const { page, faults } = await openPage(browser, stack.url)
    await page.goto(stack.url)
    await picture(page, '1-empty')
    await page.getByRole('link', { name: 'کمپین تازه' }).first().click()
    await page.getByLabel('عنوان کمپین').fill('خبر نوروز')
    await page.getByLabel('متن پیام').fill('سلام {{name}} عزیز!\nنوروز شما پیروز 🌱')
    await page.getByText('سلام سارا عزیز!').waitFor()
    await picture(page, '2-message')

    await page.getByRole('button', { name: 'ادامه', exact: true }).click()
    await page.getByRole('heading', { name: 'برای چه کسانی؟' }).waitFor()
    const file = { name: 'فهرست.csv', mimeType: 'text/csv', buffer: Buffer.from(RECIPIENTS) }
    await page.locator('input[type=file]').setInputFiles(file)
    await page.getByText('شماره درست نیست').waitFor()
    await page.getByText('۳ گیرنده در این کمپین است').waitFor()
    await picture(page, '3-recipients')

    await page.getByRole('link', { name: 'ادامه', exact: true }).click()
    await page.getByRole('button', { name: 'وصل کردن شماره' }).click()
    await page.getByRole('img', { name: 'کد QR برای وصل کردن واتساپ' }).or(linked(page)).first().waitFor()
    await picture(page, '4-qr')
    await linked(page).waitFor()
    expect(await page.evaluate('window.sawQr')).toBe(true)
    await picture(page, '5-linked')

    await page.getByRole('link', { name: 'ادامه', exact: true }).click()
    await page.getByLabel('فاصله به ثانیه').fill('1')
    await page.getByLabel('فاصله به ثانیه').press('Tab')
    await page.getByText(/حدود .*، تا امروز|حدود .*، تا فردا/).waitFor()
    await picture(page, '6-review')

    await page.getByRole('button', { name: 'شروع ارسال' }).click()
    await picture(page, '7-question')
    await page.getByRole('dialog').getByRole('button', { name: 'شروع ارسال' }).click()
    await page.getByText('زنده', { exact: true }).waitFor()
    await picture(page, '8-running')

    await page.getByRole('heading', { name: 'گزارش', exact: true }).waitFor()
    await page.getByText('در واتساپ نیست').first().waitFor()
    await picture(page, '9-report')
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'اکسل' }).click()
    expect((await saved).suggestedFilename()).toBe('campaign-1-report.xlsx')

    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('button', { name: 'Dark view' }).click()
    await page.getByRole('heading', { name: 'Report', exact: true }).waitFor()
    expect(await page.locator('html').getAttribute('dir')).toBe('ltr')
    await picture(page, '10-report-en-dark')
    await page.getByRole('link', { name: 'All campaigns' }).click()
    await page.getByText('3 of 3').or(page.getByText('2 of 3')).waitFor()
    await picture(page, '11-list-en-dark')
    expect(faults).toEqual([])
  }, 120_000)

  test('a gateway that goes away is told, and its figures are not shown as live; pause and cancel ask first', async () => {
    const id = await startLongCampaign(stack)
    const { page } = await openPage(browser, stack.url)
    await page.goto(`${stack.url}/campaigns/${id}`)
    await page.getByText('زنده', { exact: true }).waitFor()
    const lost = page.getByText(/ارتباط قطع شد/).waitFor()
    await stack.kill('gateway', 'SIGTERM')
    await lost
    await page.getByText('زنده', { exact: true }).waitFor()

    await page.getByRole('button', { name: 'ایست', exact: true }).click()
    await page.getByRole('button', { name: 'بله، بایستد' }).click()
    await page.getByRole('button', { name: 'ادامه', exact: true }).waitFor()
    await picture(page, '12-paused')
    await page.getByRole('button', { name: 'لغو کمپین' }).click()
    await page.getByRole('button', { name: 'بله، لغو شود' }).click()
    await page.getByRole('heading', { name: 'گزارش', exact: true }).waitFor()
  }, 90_000)

  test('with a token the feed is opened by a ticket; a wrong token leads to the sign-in', async () => {
    const token = await stack.token('acme', 'u1', 'member')
    const { page } = await openPage(browser, stack.url)
    await page.goto(stack.url)
    await page.evaluate("sessionStorage.setItem('peyk.token', 'x.y.z')")
    await page.reload()
    await page.getByLabel('نشان دسترسی').fill(token)
    await picture(page, '13-sign-in')
    await page.getByRole('button', { name: 'ورود' }).click()
    await page.getByText('هنوز کمپینی نساخته‌اید').waitFor()

    const created = await stack.call<{ campaign: { id: number } }>(
      'POST',
      '/api/campaigns',
      { message: 'سلام' },
      { token },
    )
    const dialled = page.waitForEvent('websocket')
    await page.goto(`${stack.url}/campaigns/${created.body.campaign.id}/number`)
    const socket = await dialled
    expect(socket.url()).not.toContain(token)
    await socket.waitForEvent('framereceived', ({ payload }) => String(payload).includes('campaign_update'))
  }, 60_000)
})

/** Of twenty recipients, a second apart, on the number that the stack has linked already. */
const startLongCampaign = async (stack: TestStack): Promise<number> => {
  const { campaign } = (
    await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', { message: 'سلام' })
  ).body
  const path = `/api/campaigns/${campaign.id}`
  const recipients = Array.from({ length: 20 }, (_, index) => ({ phone: `091200001${10 + index}` }))
  await stack.call('POST', `${path}/recipients`, { recipients })
  await stack.call('POST', `${path}/qr-code`, {})
  await stack.call('PUT', `${path}/interval`, { interval: '2s' })
  await stack.call('POST', `${path}/start`, {})
  return campaign.id
}

const linked = (page: Page) => page.getByText('شماره وصل است')
