// Chromium for the suites of the dashboard: pages in any language and theme, and what must hold on every screen.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from '@jest/globals'
import { installedProgram } from '@peyk/testing'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

export type Language = 'fa' | 'en'
export type Theme = 'light' | 'dark'

const BUILT = join(import.meta.dirname, '../../../services/gateway/dashboard/dist/index.html')
/** Where the pictures of each screen go, to be looked at. */
const PICTURES = join(import.meta.dirname, '../../../test-output/dashboard')

/** Debian's own; no browser is downloaded. */
const executablePath = installedProgram('chromium')

/** Skipped, and says so, where there is no browser. */
export const describeInChromium = (name: string, tests: () => void): void => {
  if (executablePath === undefined) describe.skip(`SKIPPED: no chromium on the PATH: ${name}`, tests)
  else describe(name, tests)
}

export const startBrowser = async (): Promise<Browser> => {
  if (!existsSync(BUILT)) throw new Error('the dashboard is not built; npm test builds it')
  await mkdir(PICTURES, { recursive: true })
  return chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'], timeout: 60_000 })
}

export interface OpenPage {
  readonly page: Page
  readonly context: BrowserContext
  /** What went wrong on it: errors, what the policy forbids, requests to anywhere else. */
  readonly faults: readonly string[]
}

interface Visitor {
  readonly language?: Language
  readonly theme?: Theme
  readonly token?: string
}

const LAPTOP = { width: 1280, height: 860 }
const PHONE = { width: 390, height: 844 }

/** A page of a laptop in Tehran or Berlin. */
export const openPage = async (browser: Browser, url: string, visitor: Visitor = {}): Promise<OpenPage> => {
  const { language = 'fa', theme = 'light', token } = visitor
  const context = await browser.newContext({
    locale: language === 'fa' ? 'fa-IR' : 'en-GB',
    timezoneId: language === 'fa' ? 'Asia/Tehran' : 'Europe/Berlin',
    colorScheme: theme,
    // Colours are looked at as they are in the end.
    reducedMotion: 'reduce',
    viewport: LAPTOP,
  })
  const kept = JSON.stringify([language, token ?? null])
  await context.addInitScript(`{
    const [language, token] = ${kept}
    localStorage.getItem('peyk.language') ?? localStorage.setItem('peyk.language', language)
    if (token !== null && sessionStorage.getItem('peyk.token') === null) sessionStorage.setItem('peyk.token', token)
    // A QR code is on the screen for less than a second here: the test phone is quick.
    new MutationObserver(() => { window.sawQr ||= document.querySelector('.qr img') !== null })
      .observe(document, { childList: true, subtree: true })
  }`)
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (!['data:', 'blob:'].includes(protocol) && origin !== new URL(url).origin) faults.push(request.url())
  })
  return { page, context, faults }
}

/** As if it had been chosen, without a new page; returns when it is drawn. */
export const showTheme = (page: Page, theme: Theme): Promise<unknown> =>
  page.evaluate(`new Promise((drawn) => {
    document.documentElement.dataset.theme = '${theme}'
    const settle = () => {
      const isChanging = document.getAnimations().some((change) => change instanceof CSSTransition)
      isChanging ? requestAnimationFrame(settle) : drawn()
    }
    requestAnimationFrame(() => requestAnimationFrame(settle))
  })`)

/** On a laptop and on a phone; neither may be wider than its screen. */
export const picture = async (page: Page, name: string): Promise<void> => {
  for (const [device, size] of [
    ['phone', PHONE],
    ['laptop', LAPTOP],
  ] as const) {
    await page.setViewportSize(size)
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )
    expect([name, device, overflow]).toEqual([name, device, 0])
    await page.screenshot({
      path: join(PICTURES, `${name}-${device}.jpg`),
      fullPage: true,
      type: 'jpeg',
      quality: 85,
    })
  }
}

/** WCAG 2.2 AA by axe: nothing serious or critical. */
export const expectAccessible = async (page: Page, name: string): Promise<void> => {
  if (await page.evaluate<boolean>('window.axe === undefined')) await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>(
    'axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })',
  )
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])
  expect([name, grave]).toEqual([name, []])
}

/** What is written in the language of the screen; names, messages and variables are whatever people write. */
const OWN_TEXT = `(() => {
  const walker = document.createTreeWalker(document.getElementById('app'), NodeFilter.SHOW_TEXT)
  const texts = []
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode())
    if (node.parentElement.closest('bdi, [lang]:not(html), .chat, textarea') === null) texts.push(node.data)
  return texts.join('\\n')
})()`

const foreign: Readonly<Record<Language, RegExp>> = {
  fa: /[A-Za-z][A-Za-z ]*/g,
  en: /[\u0600-\u06ff][\u0600-\u06ff ]*/g,
}
/** Words that stand in Persian sentences as they are. */
const SHARED = /\{\{\w+\}\}|\b(?:csv|json|xlsx|QR)\b/g

/** No English in Persian screens, no Persian in English ones. */
export const expectOneLanguage = async (page: Page, language: Language, name: string): Promise<void> => {
  const text = (await page.evaluate<string>(OWN_TEXT)).replace(SHARED, '')
  expect([name, text.match(foreign[language])]).toEqual([name, null])
}
