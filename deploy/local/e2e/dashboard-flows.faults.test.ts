// What people do with the dashboard beyond the straight way: no mouse, two tabs, an expired token, somebody else's
// campaign, a list of a hundred thousand, a slow machine, a busy feed.
import { gzipSync } from 'node:zlib'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'
import type { Browser, Page } from 'playwright-core'

import { describeInChromium, openPage, startBrowser } from './dashboard-browser.ts'
import { startTestStack, type TestStack } from './fixture.ts'

const ASSETS = join(import.meta.dirname, '../../../services/gateway/dashboard/dist/assets')
const MAX_FIRST_LOAD_BYTES = 250_000
const MANY = 100_000
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

  test('without a mouse, in English: from a new campaign to its report', async () => {
    const { page, faults } = await openPage(browser, stack.url, { language: 'en' })
    await page.goto(stack.url)
    await page.getByRole('heading', { name: 'Campaigns', level: 1 }).waitFor()
    await press(page, 'link', 'New campaign')
    await focus(page, 'textbox', 'Title of the campaign')
    await page.keyboard.type('Winter sale')
    await focus(page, 'textbox', 'Text of the message')
    await page.keyboard.type('Hello {{name}}, see you tomorrow!')
    await page.getByText('Hello Sara, see you tomorrow!').waitFor()
    await press(page, 'button', 'Continue')

    await page.getByRole('heading', { name: 'Who is it for?' }).waitFor()
    await focusOn(page, 'the file', "document.activeElement.type === 'file'")
    const chooser = page.waitForEvent('filechooser')
    await page.keyboard.press('Enter')
    const rows = 'phone,name\n09120000031,Sara\n09120000032,Reza\n12,bad\n'
    await (await chooser).setFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(rows) })
    await page.getByText('the number is not valid').waitFor()
    await page.getByText('Recipients in this campaign: 2').waitFor()
    const badRows = page.waitForEvent('download')
    await press(page, 'button', 'Get the rejected rows')
    expect((await badRows).suggestedFilename()).toBe('import-errors.csv')
    await press(page, 'link', 'Continue')

    await page.getByRole('heading', { name: 'From which number?' }).waitFor()
    await press(page, 'button', 'Link a number')
    await page.getByText('The number is connected').waitFor()
    expect(await page.evaluate('window.sawQr')).toBe(true)
    await press(page, 'link', 'Continue')

    await page.getByRole('heading', { name: 'Ready to go?' }).waitFor()
    await focus(page, 'textbox', 'Interval in seconds')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('1')
    await page.keyboard.press('Tab')
    await page.getByText(/^About .*, until (today|tomorrow)/).waitFor()
    await press(page, 'button', 'Start sending')
    await page.getByRole('dialog').waitFor()
    // The dialog holds the focus: Escape leaves it, and nothing was started.
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await press(page, 'button', 'Start sending')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Report', exact: true }).waitFor()
    await page.getByText('Everybody was sent to.').waitFor()
    expect(faults).toEqual([])
  }, 120_000)

  test('two tabs: what one of them does, the other one shows', async () => {
    const id = await startedCampaign(stack, 60, '2s')
    const { page: one, context } = await openPage(browser, stack.url, { language: 'en' })
    const other = await context.newPage()
    for (const page of [one, other]) {
      await page.goto(`${stack.url}/campaigns/${id}`)
      await page.getByText('Live', { exact: true }).waitFor()
    }
    await one.getByRole('button', { name: 'Pause' }).click()
    await one.getByRole('button', { name: 'Yes, pause' }).click()
    await other.getByRole('button', { name: 'Resume' }).click()
    await one.getByRole('button', { name: 'Pause' }).waitFor()
    await other.getByRole('button', { name: 'Cancel the campaign' }).click()
    await other.getByRole('button', { name: 'Yes, cancel it' }).click()
    for (const page of [one, other])
      await page.getByRole('heading', { name: 'Report', exact: true }).waitFor()
    await context.close()
  }, 90_000)

  test("another tenant's address looks like one that is not there", async () => {
    const { body } = await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', {
      message: 'x',
    })
    const token = await stack.token('other', 'u1', 'admin')
    const { page, context } = await openPage(browser, stack.url, { language: 'en', token })
    const texts: string[] = []
    for (const id of [body.campaign.id, 999_999]) {
      await page.goto(`${stack.url}/campaigns/${id}`)
      await page.getByText('There is no such campaign.').waitFor()
      texts.push(await page.locator('main').innerText())
    }
    expect(texts[0]).toBe(texts[1])
    await context.close()
  }, 60_000)

  test('an expired token leads to the sign-in, and a new one back to the same screen', async () => {
    const { body } = await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', {
      message: 'x',
    })
    const expired = await stack.expiredToken('local', '1', 'admin')
    const { page, context } = await openPage(browser, stack.url, { language: 'en', token: expired })
    await page.goto(`${stack.url}/campaigns/${body.campaign.id}/message`)
    await page.getByText('This token was refused or has expired.').waitFor()
    await page.getByLabel('Access token').fill(await stack.token('local', '1', 'admin'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'What do you want to say?' }).waitFor()
    await context.close()
  }, 60_000)

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

/** On the number that the stack has linked already, or on a new one. */
const startedCampaign = async (stack: TestStack, count: number, interval: string): Promise<number> => {
  const { body } = await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', {
    message: 'سلام',
  })
  const path = `/api/campaigns/${body.campaign.id}`
  const rows = Array.from({ length: count }, (_, index) => `0${String(9_120_000_000 + index)}`)
  const form = new FormData()
  form.append('recipientsFile', new Blob([['phone', ...rows].join('\n')]), 'list.csv')
  await stack.call('POST', `${path}/recipients`, form)
  const total = async () =>
    (await stack.call<{ campaign: { progress: { total: number } } }>('GET', path)).body.campaign.progress
      .total
  await eventually(async () => (await total()) === count, { deadlineMs: 60_000, what: 'the import to end' })
  await stack.call('POST', `${path}/qr-code`, {})
  await eventually(
    async () => (await stack.call<{ isConnected: boolean }>('GET', `${path}/connection`)).body.isConnected,
    { deadlineMs: 30_000, what: 'the number to be linked' },
  )
  await stack.call('PUT', `${path}/interval`, { interval })
  const started = await stack.call('POST', `${path}/start`, {})
  expect([started.status, started.body]).toEqual([200, expect.anything()])
  return body.campaign.id
}
