// Signing in at an OpenID provider: code and PKCE there and back, and tokens that renew themselves under the live feed.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'

import { translator } from '../../../services/gateway/dashboard/src/i18n/translate.ts'
import { describeInChromium, openPage, startBrowser } from './dashboard-browser.ts'
import { startTestStack, type TestStack } from './fixture.ts'

const LIFETIME_S = 8
const AUDIENCE = 'peyk'
const t = translator('en')

/** The process of the provider, and its address. */
const startProvider = async (): Promise<[ChildProcess, string]> => {
  const program = join(import.meta.dirname, 'openid-provider.ts')
  const provider = spawn(process.execPath, [program, String(LIFETIME_S), AUDIENCE], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface(provider.stdout)) return [provider, line]
  throw new Error('the provider has ended before it told its address')
}

describeInChromium('signing in at a provider', () => {
  let provider: ChildProcess
  let stack: TestStack
  let browser: Browser
  beforeAll(async () => {
    let issuer: string
    ;[provider, issuer] = await startProvider()
    const environment = {
      AUTH_MODE: 'jwt',
      JWT_SECRET: '',
      JWT_JWKS_URL: `${issuer}/jwks`,
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: AUDIENCE,
      OIDC_ISSUER: issuer,
    }
    ;[stack, browser] = await Promise.all([startTestStack(environment), startBrowser()])
  }, 90_000)
  afterAll(async () => {
    await browser.close()
    await stack[Symbol.asyncDispose]()
    provider.kill()
  }, 60_000)

  test('leads there and back to the same screen; the feed goes on when its token ends', async () => {
    const { page, context } = await openPage(browser, stack.url, { language: 'en' })
    const asked: URLSearchParams[] = []
    page.on('request', (request) => {
      if (request.url().includes('/authorize?')) asked.push(new URL(request.url()).searchParams)
    })
    await page.goto(`${stack.url}/campaigns/new`)
    await page.getByText(t('signIn.provider')).waitFor()
    await page.getByRole('button', { name: t('signIn.submit') }).click()
    await page.getByRole('heading', { name: t('message.title') }).waitFor()
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/campaigns/new')
    expect(Object.fromEntries(asked[0] ?? [])).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    })

    await page.getByLabel(t('message.text')).fill('Hello')
    await page.getByRole('button', { name: t('steps.next') }).click()
    await page.getByRole('heading', { name: t('recipients.title') }).waitFor()
    const feeds: string[] = []
    page.on('websocket', (socket) => feeds.push(socket.url()))
    const first = page.waitForEvent('websocket')
    await page.getByRole('link', { name: t('steps.next') }).click()
    await first
    const second = await page.waitForEvent('websocket', (socket) => socket.url().includes('resume='))
    await second.waitForEvent('framereceived', ({ payload }) => String(payload).includes('"recovered":true'))
    // Nobody was sent to the provider again, and no token of a user stands in an address.
    expect(asked).toHaveLength(1)
    const token = await page.evaluate<string>("sessionStorage.getItem('peyk.token')")
    expect(feeds.some((url) => url.includes(token))).toBe(false)
    await context.close()
  }, 90_000)

  test('a way back that this tab did not begin is refused', async () => {
    const { page, context } = await openPage(browser, stack.url, { language: 'en' })
    await page.goto(`${stack.url}/signed-in?code=stolen&state=guessed`)
    await page.getByText(t('signIn.provider')).waitFor()
    expect(new URL(page.url()).search).toBe('')
    expect(await page.evaluate("sessionStorage.getItem('peyk.token')")).toBeNull()
    await context.close()
  }, 60_000)
})
