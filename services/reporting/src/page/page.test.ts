import { createHash } from 'node:crypto'

import { describe, expect, test } from '@jest/globals'

import { reportWith, someTimeline } from '../testing/reports.ts'
import { type Page, pageOf } from './page.ts'
import { pageHeaders } from './style.ts'
import { words } from './words.ts'

const page = (change: Partial<Page> = {}) =>
  pageOf({ report: reportWith(), timeline: someTimeline, language: 'fa', asOf: undefined, ...change })

describe('the report page', () => {
  test('in Persian runs from right to left, with Persian digits and Jalali dates', () => {
    const text = page()
    expect(text).toContain('<html lang="fa" dir="rtl">')
    expect(text).toContain('۱٬۲۵۰')
    // The last half hour of the year 1402 in Tehran.
    expect(text).toMatch(/۲۹ اسفند ۱۴۰۲[^<]*۲۳:۳۰/)
    expect(text).toMatch(/۲ فروردین ۱۴۰۳[^<]*۰:۱۰/)
  })
  test('in English runs from left to right', () => {
    const text = page({ language: 'en' })
    expect(text).toContain('<html lang="en" dir="ltr">')
    expect(text).toContain('19 March 2024')
    expect(text).toContain('Not on WhatsApp')
  })
  test('says as of when', () => {
    expect(page({ language: 'en', asOf: '2024-03-20T00:00:00.000Z' })).toContain('As of')
    expect(page({ language: 'en' })).not.toContain('As of')
  })
  test('what a tenant wrote is text, never HTML', () => {
    const title = `<script>alert("1")</script>&'`
    const text = page({ report: reportWith({ title, message: title }) })
    expect(text).not.toMatch(/<script/i)
    expect(text.match(/&lt;script&gt;alert\(&quot;1&quot;\)&lt;\/script&gt;&amp;&#39;/g)).toHaveLength(3)
  })
  test('runs no script, loads nothing, and its style is the one that its policy knows', () => {
    const text = page()
    const style = /<style>([^]*?)<\/style>/.exec(text)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(pageHeaders['content-security-policy']).toContain(`style-src 'sha256-${hash}'`)
    expect(text).not.toMatch(/<(script|img|link|iframe)|\sstyle=|\son\w+=|https?:/i)
    expect(pageHeaders).toMatchObject({ 'cache-control': 'no-store', 'x-robots-tag': 'noindex, nofollow' })
  })
  test('before anything was sent it says so', () => {
    const text = page({ timeline: undefined, language: 'en' })
    expect(text).toContain(words.en.nothingSent)
    expect(text).not.toContain('NaN')
  })
})
