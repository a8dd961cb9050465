// What people do with the dashboard beyond the straight way: no mouse, two tabs, an expired token, somebody else's
// campaign, a list of a hundred thousand, a slow machine, a busy feed.
import { gzipSync } from 'node:zlib'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { controlClient } from '@peyk/whatsapp-testserver'
import type { Browser, Page } from 'playwright-core'

import { createFormat } from '../../../services/gateway/dashboard/src/format.ts'
import { translator } from '../../../services/gateway/dashboard/src/i18n/translate.ts'
import { draft, readyCampaign, startedCampaign } from './dashboard-campaigns.ts'
import { describeInChromium, type Language, openPage, startBrowser } from './dashboard-browser.ts'
import { startTestStack, type TestStack } from './fixture.ts'

const ASSETS = join(import.meta.dirname, '../../../services/gateway/dashboard/dist/assets')
const MAX_FIRST_LOAD_BYTES = 250_000
const MANY = 100_000
const languages: readonly Language[] = ['fa', 'en']
/** As high as the styles of the list say. */
const ROW_PX = 56

describeInChromium('the dashboard, off the straight way', () => {
  let stack: TestStack
  let browser: Browser
  beforeAll(async () => {
    ;[stack, browser] = await Promise.all([startTestStack(), startBrowser()])
  }, 90_000)
  afterAll(async () => {
    await browser.close()
    await stack[Symbol.asyncDispose]()
  }, 60_000)

  describe.each(languages)('%s', (language) => {
    const t = translator(language)
    const format = createFormat(language)
    const open = (visitor: { readonly token?: string } = {}) =>
      openPage(browser, stack.url, { language, ...visitor })

    test('without a mouse: from a new campaign to its report', async () => {
      const { page, context, faults } = await open()
      await page.goto(stack.url)
      await page.getByRole('heading', { name: t('list.title'), level: 1 }).waitFor()
      await press(page, 'link', t('list.new'))
      await focus(page, 'textbox', t('message.name'))
      await page.keyboard.type('Winter sale')
      await focus(page, 'textbox', t('message.text'))
      await page.keyboard.type('Hello {{name}}, see you tomorrow!')
      await page.getByText(`Hello ${t('message.sampleName')}, see you tomorrow!`).waitFor()
      await press(page, 'button', t('steps.next'))

      await page.getByRole('heading', { name: t('recipients.title') }).waitFor()
      const chooser = page.waitForEvent('filechooser')
      await focusOn(page, 'the file', "document.activeElement.type === 'file'")
      await page.keyboard.press('Enter')
      const rows = 'phone,name\n09120000031,Sara\n09120000032,Reza\n12,bad\n'
      await (await chooser).setFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(rows) })
      await page.getByText(t('row.invalid_phone')).waitFor()
      await page.getByText(t('recipients.current', { count: format.number(2) })).waitFor()
      const badRows = page.waitForEvent('download')
      await press(page, 'button', t('recipients.badRows'))
      expect((await badRows).suggestedFilename()).toBe('import-errors.csv')
      await press(page, 'link', t('steps.next'))

      await page.getByRole('heading', { name: t('number.title') }).waitFor()
      await press(page, 'button', t('number.link'))
      await page.getByText(t('number.connected')).waitFor()
      await press(page, 'link', t('steps.next'))

      await page.getByRole('heading', { name: t('review.title') }).waitFor()
      await focus(page, 'textbox', t('review.custom'))
      await page.keyboard.press('Control+a')
      await page.keyboard.type('1')
      await page.keyboard.press('Tab')
      await page.locator('.estimate').waitFor()
      await press(page, 'button', t('review.start'))
      await page.getByRole('dialog').waitFor()
      // The dialog holds the focus: Escape leaves it, and nothing was started.
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await press(page, 'button', t('review.start'))
      await page.getByRole('dialog').waitFor()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: t('report.title'), exact: true }).waitFor()
      await page.getByText(t('report.allSent')).waitFor()
      expect(faults).toEqual([])
      await context.close()
    }, 120_000)

    test('a start is planned with the arrows of the keyboard, and taken away again', async () => {
      const id = await readyCampaign(stack, 3, '5s')
      const { page, context, faults } = await open()
      await page.goto(`${stack.url}/campaigns/${id}/review`)
      await page.getByRole('radio', { name: t('schedule.later') }).check()
      const grid = page.getByRole('grid')
      await grid.locator('[aria-selected=true] button').focus()
      // Two months on, and to the first day of that week and the next one: along the line of reading.
      const keys = ['PageDown', 'PageDown', 'Home', language === 'fa' ? 'ArrowLeft' : 'ArrowRight', 'Enter']
      for (const key of keys) await page.keyboard.press(key)
      const second = { fa: 'یکشنبه', en: 'Tuesday' }[language]
      const day = grid.locator(`[aria-selected=true] button[aria-label^="${second}"]`)
      const chosen = await day.getAttribute('aria-label')
      await page.getByLabel(t('schedule.hour')).selectOption('9')
      await page.getByRole('button', { name: t('schedule.start') }).click()
      await page
        .getByRole('dialog')
        .getByText(chosen ?? '')
        .waitFor()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: t('scheduled.title') }).waitFor()
      await page.getByText(format.clock(9, 0)).waitFor()
      await page.getByRole('button', { name: t('scheduled.cancel') }).click()
      await page.getByRole('heading', { name: t('review.title') }).waitFor()
      await page.getByRole('radio', { name: t('schedule.now'), checked: true }).waitFor()
      expect(faults).toEqual([])
      await context.close()
    }, 60_000)

    test('two tabs: what one of them does, the other one shows', async () => {
      const id = await startedCampaign(stack, 60, '2s')
      const { page: one, context } = await open()
      const other = await context.newPage()
      for (const page of [one, other]) {
        await page.goto(`${stack.url}/campaigns/${id}`)
        await page.getByText(t('live.live'), { exact: true }).waitFor()
      }
      await one.getByRole('button', { name: t('run.pause'), exact: true }).click()
      await one.getByRole('button', { name: t('run.pauseYes') }).click()
      await other.getByRole('button', { name: t('run.resume') }).click()
      await one.getByRole('button', { name: t('run.pause'), exact: true }).waitFor()
      await other.getByRole('button', { name: t('run.cancel') }).click()
      await other.getByRole('button', { name: t('run.cancelYes') }).click()
      for (const page of [one, other])
        await page.getByRole('heading', { name: t('report.title'), exact: true }).waitFor()
      await context.close()
    }, 90_000)

    test('who looks elsewhere is told by the browser when the campaign ends', async () => {
      const id = await startedCampaign(stack, 8, '2s')
      const { page, context } = await open()
      await context.grantPermissions(['notifications'])
      await context.addInitScript(`
        window.told = []
        window.Notification = class { static permission = 'granted'; constructor(title, { body }) { window.told.push(body) } }
        document.hasFocus = () => false
      `)
      await page.goto(`${stack.url}/campaigns/${id}`)
      await page.getByRole('heading', { name: t('report.title'), exact: true }).waitFor()
      expect(await page.evaluate('window.told')).toEqual([t('status.COMPLETED')])
      await context.close()
    }, 60_000)

    test('who was not sent to is sent to again from the report', async () => {
      const { whatsappControl = '' } = stack.file().urls
      await controlClient(whatsappControl).fault({ type: 'nack', code: 479, to: '989120000001', times: 1 })
      const id = await startedCampaign(stack, 3, '0.5s')
      const { page, context, faults } = await open()
      await page.goto(`${stack.url}/campaigns/${id}`)
      await page.getByText(t('retry.failed', { count: format.number(1) })).waitFor()
      await page.getByRole('button', { name: t('retry.make') }).click()
      await page.getByRole('button', { name: t('retry.yes') }).click()
      await page.getByText(t('history.RetryStarted')).waitFor()
      await page.getByRole('heading', { name: t('report.title'), exact: true }).waitFor()
      await page.getByRole('button', { name: t('retry.make') }).waitFor({ state: 'detached' })
      expect(faults).toEqual([])
      await context.close()
    }, 60_000)

    test("another tenant's address looks like one that is not there", async () => {
      const id = await draft(stack)
      const { page, context } = await open({ token: await stack.token('other', 'u1', 'admin') })
      const texts: string[] = []
      for (const path of [id, 999_999]) {
        await page.goto(`${stack.url}/campaigns/${path}`)
        await page.getByText(t('problem.campaign_not_found')).waitFor()
        texts.push(await page.locator('main').innerText())
      }
      expect(texts[0]).toBe(texts[1])
      await context.close()
    }, 60_000)

    test('an expired token leads to the sign-in, and a new one back to the same screen', async () => {
      const id = await draft(stack)
      const { page, context } = await open({ token: await stack.expiredToken('local', '1', 'admin') })
      await page.goto(`${stack.url}/campaigns/${id}/message`)
      await page.getByText(t('signIn.refused')).waitFor()
      await page.getByLabel(t('signIn.token')).fill(await stack.token('local', '1', 'admin'))
      await page.getByRole('button', { name: t('signIn.submit') }).click()
      await page.getByRole('heading', { name: t('message.title') }).waitFor()
      await context.close()
    }, 60_000)
  })

  test('the recipients of a campaign of 100,000 scroll, and few of them are drawn', async () => {
    const id = await startedCampaign(stack, MANY, '5s')
    const { page, context } = await openPage(browser, stack.url, { language: 'en' })
    await page.goto(`${stack.url}/campaigns/${id}`)
    await page.getByText('Recipients: 100,000').waitFor()
    const list = page.getByRole('table', { name: 'Recipients one by one' })
    const phoneOf = (index: number) => String(9_120_000_000 + index)
    for (const row of [0, 50_000, MANY - 1]) {
      await list.evaluate(scrollTo, row * ROW_PX)
      await list.getByText(phoneOf(row)).waitFor()
      expect(await list.getByRole('row').count()).toBeLessThan(40)
    }
    await stack.call('POST', `/api/campaigns/${id}/cancel`, {})
    await context.close()
  }, 120_000)

  test('the first load is small, comes from our own origin alone, and runs nothing inline', async () => {
    const scripts = (await readdir(ASSETS)).filter((name) => name.endsWith('.js'))
    const sizes = await Promise.all(
      scripts.map(async (name) => gzipSync(await readFile(join(ASSETS, name))).byteLength),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_FIRST_LOAD_BYTES)
    const answer = await fetch(stack.url)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/default-src 'none'.*script-src 'self';/)
    expect(policy).not.toContain('unsafe')
    expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|https?:/)
  })
})

interface PageElement {
  readonly ownerDocument: { readonly activeElement: unknown }
  scrollTop: number
}

// Run in the page.
const hasFocus = (element: PageElement): boolean => element.ownerDocument.activeElement === element
const scrollTo = (element: PageElement, top: number): void => {
  element.scrollTop = top
}

const MAX_TABS = 40

/** Goes on with Tab until the focus is where it should be. */
const focusOn = async (page: Page, what: string, isThere: string): Promise<void> => {
  for (let tabs = 0; tabs < MAX_TABS; tabs += 1) {
    if (await page.evaluate<boolean>(isThere)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach ${what}`)
}

const focus = async (page: Page, role: 'link' | 'button' | 'textbox', name: string): Promise<void> => {
  const target = page.getByRole(role, { name }).first()
  await target.waitFor()
  for (let tabs = 0; tabs < MAX_TABS; tabs += 1) {
    if (await target.evaluate(hasFocus)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach the ${role} "${name}"`)
}

const press = async (page: Page, role: 'link' | 'button', name: string): Promise<void> => {
  await focus(page, role, name)
  await page.keyboard.press('Enter')
}
