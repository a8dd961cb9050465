// Every screen in both languages and both themes, on a laptop and on a phone: no grave fault of accessibility, nothing
// wider than the screen, one language at a time. The pictures are left in test-output/dashboard.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'
import type { Browser, Page } from 'playwright-core'

import {
  describeInChromium,
  expectAccessible,
  expectOneLanguage,
  type Language,
  openPage,
  picture,
  showTheme,
  startBrowser,
  type Theme,
} from './dashboard-browser.ts'
import { startTestStack, type TestStack } from './fixture.ts'

interface Campaigns {
  readonly ended: number
  readonly running: number
  readonly paused: number
  readonly draft: number
  readonly planned: number
  readonly scheduled: number
}

interface Screen {
  readonly name: string
  readonly path: (campaigns: Campaigns) => string
  /** A selector of what is there last. */
  readonly until: string
  /** What is done on it before it is looked at. */
  readonly then?: (page: Page) => Promise<void>
}

const screens: readonly Screen[] = [
  { name: 'list', path: () => '/', until: '.rows' },
  { name: 'new', path: () => '/campaigns/new', until: 'textarea' },
  { name: 'message', path: ({ draft }) => `/campaigns/${draft}/message`, until: 'textarea' },
  { name: 'recipients', path: ({ draft }) => `/campaigns/${draft}/recipients`, until: '.bubble' },
  { name: 'number', path: ({ draft }) => `/campaigns/${draft}/number`, until: '.notice.good' },
  { name: 'review', path: ({ draft }) => `/campaigns/${draft}/review`, until: '.estimate' },
  {
    name: 'start',
    path: ({ draft }) => `/campaigns/${draft}/review`,
    until: '.estimate',
    then: async (page) => {
      await page.locator('.button.large:enabled').click()
      await page.locator('dialog[open]').waitFor()
    },
  },
  { name: 'plan', path: ({ planned }) => `/campaigns/${planned}/review`, until: '.month' },
  { name: 'scheduled', path: ({ scheduled }) => `/campaigns/${scheduled}`, until: '.time-line li' },
  { name: 'running', path: ({ running }) => `/campaigns/${running}`, until: '.live-mark.now' },
  { name: 'paused', path: ({ paused }) => `/campaigns/${paused}`, until: '.live-mark.now' },
  {
    name: 'report',
    path: ({ ended }) => `/campaigns/${ended}`,
    until: '.time-line li',
    then: async (page) => {
      await page.locator('section[aria-labelledby=share-title] .button').first().click()
      await page.locator('.copied').waitFor()
    },
  },
  {
    name: 'reports',
    path: () => '/reports',
    until: '.choices',
    then: async (page) => {
      for (const index of [0, 1]) await page.locator('.choices input').nth(index).check()
      await page.locator('.scroll.tall').waitFor()
    },
  },
  { name: 'numbers', path: () => '/numbers', until: '.numbers .figures' },
  { name: 'nowhere', path: () => '/campaigns/nowhere', until: '.empty' },
  { name: 'not-there', path: () => '/campaigns/999999', until: '.notice.bad' },
]

describeInChromium('every screen', () => {
  let stack: TestStack
  let browser: Browser
  let campaigns: Campaigns
  beforeAll(async () => {
    ;[stack, browser] = await Promise.all([startTestStack(), startBrowser()])
    campaigns = await makeCampaigns(stack)
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await stack[Symbol.asyncDispose]()
  }, 60_000)

  test('is accessible, fits, and speaks one language, light and dark', async () => {
    const lookAtAll = async (language: Language) => {
      const { page, context, faults } = await openPage(browser, stack.url, { language })
      for (const { name, path, until, then } of screens) {
        await page.goto(stack.url + path(campaigns))
        await page.locator(until).first().waitFor()
        await then?.(page)
        await look(page, name, language)
      }
      // The answer 404 of a campaign that is not there is what that screen is about.
      expect(faults.filter((fault) => !fault.includes('404'))).toEqual([])
      await context.close()
      await lookAtTheDoor(browser, stack, language)
    }
    await Promise.all([lookAtAll('fa'), lookAtAll('en')])
  }, 420_000)
})

/** Somebody whose token is refused, and somebody who has no campaign yet. */
const lookAtTheDoor = async (browser: Browser, stack: TestStack, language: Language) => {
  const stranger = await openPage(browser, stack.url, { language, token: 'x.y.z' })
  await stranger.page.goto(stack.url)
  await stranger.page.locator('input[type=password]').waitFor()
  await look(stranger.page, 'sign-in', language)
  await stranger.context.close()
  const token = await stack.token('empty', 'u1', 'member')
  const newcomer = await openPage(browser, stack.url, { language, token })
  await newcomer.page.goto(stack.url)
  await newcomer.page.locator('.empty').waitFor()
  await look(newcomer.page, 'empty', language)
  await newcomer.context.close()
}

const look = async (page: Page, name: string, language: Language): Promise<void> => {
  await expectOneLanguage(page, language, name)
  for (const theme of ['light', 'dark'] satisfies readonly Theme[]) {
    await showTheme(page, theme)
    const shown = `${name}-${language}-${theme}`
    await expectAccessible(page, shown)
    await picture(page, shown)
  }
}

const makeCampaigns = async (stack: TestStack): Promise<Campaigns> => {
  const ended = await makeCampaign(stack, 'فروش ویژه‌ی پاییز', 6, '1s')
  await control(stack, ended, 'start')
  await reached(stack, ended, 'COMPLETED')
  const [running, paused, draft] = [
    await makeCampaign(stack, 'خبر نوروز', 3_000, '5s'),
    await makeCampaign(stack, 'Winter sale, Berlin', 40, '5s'),
    await makeCampaign(stack, 'دعوت به جشن یلدا', 12, '10s'),
  ]
  await control(stack, paused, 'start')
  await control(stack, running, 'start')
  await control(stack, paused, 'pause')
  const [planned, scheduled] = [
    await makeCampaign(stack, 'تبریک سال نو', 25, '20s'),
    await makeCampaign(stack, 'Opening of the shop', 800, '10s'),
  ]
  await plan(stack, planned)
  await plan(stack, scheduled)
  await control(stack, scheduled, 'start')
  return { ended, running, paused, draft, planned, scheduled }
}

/** In two months, in the morning. */
const plan = async (stack: TestStack, id: number): Promise<void> => {
  const day = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10)
  const at = { sendType: 'scheduled', scheduledAt: `${day}T10:30`, timezone: 'Asia/Tehran' }
  const { status } = await stack.call('PUT', `/api/campaigns/${id}/interval`, { interval: '10s', ...at })
  expect(status).toBe(200)
}

const makeCampaign = async (
  stack: TestStack,
  title: string,
  count: number,
  interval: string,
): Promise<number> => {
  const draft = { title, message: 'سلام {{name|دوست عزیز}}!\nفردا منتظر شما هستیم.' }
  const { campaign } = (await stack.call<{ campaign: { id: number } }>('POST', '/api/campaigns', draft)).body
  const path = `/api/campaigns/${campaign.id}`
  // Numbers of 0912110 are not on the test WhatsApp.
  const rows = Array.from({ length: count }, (_, index) =>
    index === 4 ? '09121100001,مینا' : `0912${String(2_000_000 + index)},سارا`,
  )
  const form = new FormData()
  form.append('recipientsFile', new Blob([['phone,name', ...rows].join('\n')]), 'list.csv')
  await stack.call('POST', `${path}/recipients`, form)
  await stack.call('PUT', `${path}/interval`, { interval })
  await stack.call('POST', `${path}/qr-code`, {})
  await eventually(
    async () => (await stack.call<{ isConnected: boolean }>('GET', `${path}/connection`)).body.isConnected,
    { deadlineMs: 30_000, what: 'the number to be linked' },
  )
  return campaign.id
}

const control = async (stack: TestStack, id: number, what: 'start' | 'pause'): Promise<void> => {
  const { status } = await stack.call('POST', `/api/campaigns/${id}/${what}`, {})
  expect([what, status]).toEqual([what, 200])
}

const reached = (stack: TestStack, id: number, status: string) =>
  eventually(
    async () =>
      (await stack.call<{ campaign: { status: string } }>('GET', `/api/campaigns/${id}`)).body.campaign
        .status === status,
    { deadlineMs: 60_000, what: `campaign ${id} to be ${status}` },
  )
