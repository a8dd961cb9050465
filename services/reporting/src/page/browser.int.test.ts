import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { installedProgram } from '@peyk/testing'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'

import { reportWith, someTimeline } from '../testing/reports.ts'
import { pageOf } from './page.ts'
import { type Language, languages } from './words.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const SCREENSHOTS = join(import.meta.dirname, '../../test-output')

const boxOf = async (element: Locator) => {
  const box = await element.boundingBox()
  if (box === null) throw new Error('a part of the page is missing')
  return { left: box.x, right: box.x + box.width }
}

const executablePath = installedProgram('chromium')
const suite = executablePath === undefined ? describe.skip : describe
const suiteName =
  executablePath === undefined ? 'SKIPPED: no chromium on the PATH' : 'the report page in Chromium'

suite(suiteName, () => {
  let browser: Browser
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true })
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: FLAGS })
  }, 60_000)
  afterAll(() => browser.close())

  const open = async (language: Language, width: number, title?: string): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    const report = reportWith(title === undefined ? {} : { title })
    await page.setContent(pageOf({ report, timeline: someTimeline, language, asOf: undefined }))
    return page
  }
  const overflow = (page: Page) =>
    page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')

  test.each(languages)('%s: nothing overflows, on a phone and on a desk', async (language) => {
    for (const width of [360, 1_000]) {
      const page = await open(language, width, 'Aطولانی'.repeat(40))
      expect(await overflow(page)).toBe(0)
      await page.close()
    }
  })

  test.each(languages)('%s: texts and bars begin where its readers begin', async (language) => {
    const page = await open(language, 1_000)
    await page.screenshot({ path: join(SCREENSHOTS, `report-${language}.png`), fullPage: true })
    const isFromRight = language === 'fa'
    const direction = await page.evaluate<string>('getComputedStyle(document.body).direction')
    const bars = page.locator('svg').nth(1)
    const places = {
      main: await boxOf(page.locator('main')),
      title: await boxOf(page.locator('h1 bdi')),
      sheet: await boxOf(bars),
      label: await boxOf(bars.locator('text.label').first()),
      bar: await boxOf(bars.locator('rect').first()),
    }
    const { main, title, sheet, label, bar } = places
    expect(direction).toBe(isFromRight ? 'rtl' : 'ltr')
    expect(main.right - title.right < title.left - main.left).toBe(isFromRight)
    expect(sheet.right - label.right < 2).toBe(isFromRight)
    expect(label.left - sheet.left < 2).toBe(!isFromRight)
    // A label ends before its bar begins.
    expect(isFromRight ? label.left >= bar.right : label.right <= bar.left).toBe(true)
    await page.close()
  })

  test.each(languages)('%s: prints on A4', async (language) => {
    const page = await open(language, 1_000)
    const pdf = (await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString('latin1')
    const [, width, height] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf) ?? []
    expect([Math.round(Number(width)), Math.round(Number(height))]).toEqual([595, 842])
    expect(pdf.match(/\/Type \/Page\b/g)?.length).toBeLessThanOrEqual(2)
    await page.emulateMedia({ media: 'print' })
    // A4 less its margins, at 96 dots an inch.
    await page.setViewportSize({ width: 688, height: 1_017 })
    expect(await overflow(page)).toBe(0)
    await page.screenshot({ path: join(SCREENSHOTS, `report-${language}-print.png`), fullPage: true })
    await page.close()
  })
})
