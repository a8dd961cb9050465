// A campaign that does not go straight on: its start is undone.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'

import { translator } from '../../../services/gateway/dashboard/src/i18n/translate.ts'
import { startedCampaign } from './dashboard-campaigns.ts'
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
  })
})
