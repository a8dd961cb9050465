import { randomBytes } from 'node:crypto'

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'
import QRCode from 'qrcode'

import { controlClient, startWhatsAppServer, type ControlClient, type WhatsAppServer } from './index.ts'
import { TestClient } from './testing/client.ts'
import { lidJid, phoneJid } from './wire/jids.ts'

const SCAN_DELAY_MS = 20

describe('linking and logging in', () => {
  let server: WhatsAppServer
  let control: ControlClient
  const clients: TestClient[] = []
  const newClient = () => {
    const client = new TestClient()
    clients.push(client)
    return client
  }

  beforeAll(async () => {
    server = await startWhatsAppServer({ fast: true, scanDelayMs: SCAN_DELAY_MS })
    control = controlClient(server.controlUrl)
  })
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()))
    await control.clearFaults()
  })
  afterAll(() => server.stop())

  const linked = async (number?: string) => {
    const client = newClient()
    await client.link(server, (qr) => control.scan({ qr, ...(number !== undefined && { number }) }))
    return client
  }

  test('a QR that is shown is scanned after a while by a fresh number; then the device logs in', async () => {
    const shownAt = performance.now()
    const client = newClient()
    await client.link(server, (qr) => control.show({ qr }))
    expect(performance.now() - shownAt).toBeGreaterThan(SCAN_DELAY_MS)
    expect(client.phone).toMatch(/^98990\d{7}$/)
    expect(client.creds.me).toMatchObject({ id: phoneJid(client.phone, 1), lid: lidJid(client.phone, 1) })
    expect(await client.connect(server)).toBe('open')
    expect(await control.sockets(client.phone)).toMatchObject({ open: 1, maxOpen: 1, logins: 1 })

    const other = newClient()
    await other.link(server, (qr) => control.show({ qr }))
    expect(other.phone).not.toBe(client.phone)
  })

  test('the picture of a QR is as good as its text', async () => {
    const client = newClient()
    await client.link(server, async (qr) =>
      control.show({ image: await QRCode.toDataURL(qr, { margin: 2 }) }),
    )
    expect(client.phone).not.toBe('')
  })

  test('a number that was named scans what is shown, or what is shown next', async () => {
    expect(await control.scan({ number: '989901111111' })).toEqual({ number: '989901111111', scanned: false })
    const first = newClient()
    await first.link(server, (qr) => control.show({ qr }))
    expect(first.phone).toBe('989901111111')
  })

  test('a number has devices 1, 2, ...; a number is never reused', async () => {
    const number = '989902222222'
    const first = await linked(number)
    expect(await first.connect(server)).toBe('open')
    await first.sock.logout()
    const second = await linked(number)
    expect(second.creds.me?.id).toBe(phoneJid(number, 2))
    expect(await first.connect(server)).toBe(401)
  })

  test('a phone links by a code', async () => {
    const phone = '989903333333'
    const client = newClient()
    const connected = client.connect(server)
    await client.firstQr
    const code = await client.sock.requestPairingCode(phone)
    await eventually(() => control.scan({ code, phone }))
    expect(await connected).toBe(515)
    expect(client.phone).toBe(phone)
    expect(await client.connect(server)).toBe('open')
  })

  test('a code from a browser without a real name is refused', async () => {
    const client = newClient()
    void client.connect(server, { browser: ['Peyk', 'Chrome', '1'] })
    await client.firstQr
    const code = await client.sock.requestPairingCode('989904444444')
    await expect(control.scan({ code, phone: '989904444444' })).rejects.toMatchObject({ status: 409 })
  })

  test('a client that is asked for another secret is linked with the new one only', async () => {
    await control.fault({ type: 'companionRefresh', times: 1 })
    const client = newClient()
    const connected = client.connect(server)
    const old = await client.firstQr
    await eventually(() => client.notifications.includes('companion_reg_refresh'))
    client.creds.advSecretKey = randomBytes(32).toString('base64')
    const fields = old.split(',')
    fields[3] = client.creds.advSecretKey
    await control.show({ qr: old })
    await control.show({ qr: fields.join(',') })
    expect(await connected).toBe(515)
  })

  test('the old QR of such a client links nothing', async () => {
    const client = newClient()
    const connected = client.connect(server)
    const old = await client.firstQr
    client.creds.advSecretKey = randomBytes(32).toString('base64')
    await control.scan({ qr: old })
    expect(await connected).not.toBe(515)
  })

  test('a client is told something else while it links', async () => {
    await control.fault({ type: 'pairingNotification', notification: 'passkey_prologue_request' })
    const client = newClient()
    void client.connect(server)
    await eventually(() => client.notifications.includes('passkey_prologue_request'))
  })

  test('what is no QR, or none of ours, or no picture of one, is refused', async () => {
    await expect(control.scan({ qr: 'x' })).rejects.toMatchObject({ status: 409 })
    await expect(control.scan({ qr: 'a,b,c,d' })).rejects.toMatchObject({ status: 409 })
    await expect(control.show({ image: 'data:image/png;base64,AAAA' })).rejects.toMatchObject({ status: 409 })
  })

  test('a login is refused with a code', async () => {
    const client = await linked()
    for (const code of [401, 402, 403, 405, 406, 429, 503]) {
      await control.fault({ type: 'refuseLogin', code, from: client.phone, times: 1 })
      expect(await client.connect(server)).toBe(code)
    }
    expect(await client.connect(server)).toBe('open')
  })

  test('a new device is refused too', async () => {
    await control.fault({ type: 'refuseLogin', code: 405 })
    expect(await newClient().connect(server)).toBe(405)
  })
})

test('without auto-scan a QR that is shown waits for a number', async () => {
  const server = await startWhatsAppServer({ autoScan: false })
  const control = controlClient(server.controlUrl)
  const client = new TestClient()
  await client.link(server, async (qr) => {
    await control.show({ qr })
    expect(await control.scan({ number: '989905555555' })).toEqual({ number: '989905555555', scanned: true })
  })
  expect(client.phone).toBe('989905555555')
  await client.end()
  await server.stop()
})
