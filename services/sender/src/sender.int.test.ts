// The whole service as processes, with real Baileys, the WhatsApp test server and a real nats-server.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { startRun } from './testing/campaign-side.ts'
import { type Installation, range, startInstallation } from './testing/installation.ts'

let peyk: Installation

beforeAll(async () => {
  peyk = await startInstallation()
}, 60_000)
afterEach(() => peyk.reset())
afterAll(() => peyk.close())

describe('the sender', () => {
  test('links by the picture of a QR, sends each its own text, and stores outcomes and receipts', async () => {
    await peyk.startSender()
    const { sessionId } = await peyk.link()
    const run = await startRun(peyk.world, sessionId, { message: '{{name}} یک' })
    await run.publish(range(1, 20))
    await eventually(async () => (await run.outcomes()).length === 20, { deadlineMs: 20_000 })
    expect(await peyk.received(range(1, 20))).toEqual(
      range(1, 20).map((position) => ({ position, count: 1, texts: [`نام ${position} یک`] })),
    )
    await eventually(async () => (await peyk.told(sessionId, 'receipt')) > 0)
  }, 60_000)

  test('no phone number, code or picture in what was logged', () => {
    const text = peyk.logged.join('\n')
    expect(text).toContain('session_linked')
    expect(text).not.toMatch(/9891[23]\d{7}|wa\.me|data:image/)
  })
})
