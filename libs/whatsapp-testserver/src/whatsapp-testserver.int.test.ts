import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { controlClient, startWhatsAppServer, type ControlClient, type WhatsAppServer } from './index.ts'
import { TestClient } from './testing/client.ts'

describe('the test server, to a real client', () => {
  let server: WhatsAppServer
  let control: ControlClient
  const client = new TestClient()
  let next = 0
  const newNumber = () => `98912${String(++next).padStart(7, '0')}`

  beforeAll(async () => {
    server = await startWhatsAppServer({ fast: true, scanDelayMs: 20 })
    control = controlClient(server.controlUrl)
    await client.link(server, (qr) => control.show({ qr }))
    expect(await client.connect(server)).toBe('open')
  })
  afterEach(() => control.clearFaults())
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  test('a text arrives exactly, once, and is acknowledged, delivered and read', async () => {
    const to = newNumber()
    const text = 'سلام دنیا 👋\nخط دوم'
    await client.text(to, text, 'A1')
    await eventually(() => client.acks.get('A1'))
    expect(await control.messages(to)).toEqual([
      expect.objectContaining({ id: 'A1', from: client.phone, to, text, kind: 'text', count: 1 }),
    ])
    await eventually(() => ['A1 2', 'A1 3'].every((update) => client.updates.includes(update)))
  })
})
