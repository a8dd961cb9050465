// A campaign that does not go straight on: its start is undone, two people write its message, it is deleted and comes
// back, the gateway dies under it, it has no number yet.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'
import type { Browser } from 'playwright-core'

import { translator } from '../../../services/gateway/dashboard/src/i18n/translate.ts'
import { draft, readyCampaign, startedCampaign } from './dashboard-campaigns.ts'
import { describeInChromium, type Language, openPage, startBrowser } from './dashboard-browser.ts'
import { startTestStack, type TestStack } from './fixture.ts'

const languages: readonly Language[] = ['fa', 'en']

describeInChromium('the dashboard, interrupted', () => {
  let stack: TestStack
  let browser: Browser
  beforeAll(async () => {
    ;[stack, browser] = await Promise.all([startTestStack({ FIRST_SEND_DELAY: '60s' }), startBrowser()])
  }, 90_000)
  afterAll(async () => {
    await browser.close()
    await stack[Symbol.asyncDispose]()
  }, 60_000)

  describe.each(languages)('%s', (language) => {
    const t = translator(language)

    test('a start is undone before the first message, in every tab', async () => {
      const id = await startedCampaign(stack, 3, '1s')
      const { page, context, faults } = await openPage(browser, stack.url, { language })
      const other = await context.newPage()
      for (const tab of [page, other]) {
        await tab.goto(`${stack.url}/campaigns/${id}`)
        await tab.getByText(t('live.live'), { exact: true }).waitFor()
      }
      await page.getByRole('button', { name: t('run.undo') }).click()
      for (const tab of [page, other]) await tab.getByRole('heading', { name: t('review.title') }).waitFor()
      expect(faults).toEqual([])
      await context.close()
    }, 60_000)

    test('a gateway that is killed is told, and its figures are live again when it is back', async () => {
      const id = await startedCampaign(stack, 3, '1s')
      const { page, context } = await openPage(browser, stack.url, { language })
      await page.goto(`${stack.url}/campaigns/${id}`)
      await page.getByText(t('live.live'), { exact: true }).waitFor()
      const lost = page.getByText(t('live.reconnecting')).waitFor()
      await stack.kill('gateway', 'SIGKILL')
      await lost
      await page.getByText(t('live.live'), { exact: true }).waitFor()
      await stack.call('POST', `/api/campaigns/${id}/undo`, {})
      await context.close()
    }, 60_000)

    test('what is typed is saved; of two who write one message the second is told, and loses nothing', async () => {
      const id = await draft(stack)
      const { page: one, context, faults } = await openPage(browser, stack.url, { language })
      const other = await context.newPage()
      for (const page of [one, other]) {
        await page.goto(`${stack.url}/campaigns/${id}/message`)
        await page.getByLabel(t('message.text')).waitFor()
      }
      await one.getByLabel(t('message.text')).fill('one')
      await one.getByText(t('message.saved'), { exact: true }).waitFor()
      await one.getByLabel(t('message.text')).fill('one more')
      await eventually(async () => (await messageOf(stack, id)) === 'one more', {
        deadlineMs: 30_000,
        what: 'the message to be saved',
      })
      expect(faults).toEqual([])
      await other.getByLabel(t('message.text')).fill('two')
      await other.getByText(t('problem.precondition_failed')).waitFor()
      expect(await other.getByLabel(t('message.text')).inputValue()).toBe('two')
      await other.reload()
      await other.getByLabel(t('message.text')).fill('two')
      await other.getByText(t('message.saved'), { exact: true }).waitFor()
      expect(await messageOf(stack, id)).toBe('two')
      await context.close()
    }, 60_000)

    test('a new number is linked by the QR code on the screen', async () => {
      const token = await stack.token(`new-${language}`, 'u1', 'admin')
      const made = await stack.call<{ campaign: { id: number } }>(
        'POST',
        '/api/campaigns',
        { message: 'hello' },
        { token },
      )
      const { page, context, faults } = await openPage(browser, stack.url, { language, token })
      await page.goto(`${stack.url}/campaigns/${made.body.campaign.id}/number`)
      await page.getByRole('button', { name: t('number.link') }).click()
      await page.getByText(t('number.connected')).waitFor()
      expect(await page.evaluate('window.sawQr')).toBe(true)
      expect(faults).toEqual([])
      await context.close()
    }, 60_000)

    test('a message that has no campaign yet is not lost with its page', async () => {
      const { page, context } = await openPage(browser, stack.url, { language })
      await page.goto(`${stack.url}/campaigns/new`)
      await page.getByLabel(t('message.text')).fill('half a mess')
      await page.reload()
      await page.getByLabel(t('message.text')).waitFor()
      expect(await page.getByLabel(t('message.text')).inputValue()).toBe('half a mess')
      await context.close()
    }, 60_000)

    test('a campaign is sent to oneself first, deleted, and brought back', async () => {
      const id = await readyCampaign(stack, 3, '1s')
      const { page, context, faults } = await openPage(browser, stack.url, { language })
      await page.goto(`${stack.url}/campaigns/${id}/review`)
      const phone = { fa: '۰۹۱۲۰۰۰۰۷۷۷', en: '09120000778' }[language]
      await page.getByLabel(t('test.phone')).fill(phone)
      await page.getByRole('button', { name: t('test.send') }).click()
      await page.getByText(t('test.sent')).waitFor()
      const number = { fa: '989120000777', en: '989120000778' }[language]
      await eventually(async () => (await stack.inbox()).get(number)?.length === 1, {
        deadlineMs: 30_000,
        what: 'the test message to arrive',
      })
      await page.getByRole('button', { name: t('delete.make') }).click()
      await page.getByRole('button', { name: t('delete.yes') }).click()
      await page.getByRole('button', { name: t('delete.restore') }).click()
      await page.getByRole('heading', { name: t('review.title') }).waitFor()
      expect(faults).toEqual([])
      await context.close()
    }, 60_000)
  })
})

const messageOf = async (stack: TestStack, id: number): Promise<string> =>
  (await stack.call<{ campaign: { message: string } }>('GET', `/api/campaigns/${id}`)).body.campaign.message
