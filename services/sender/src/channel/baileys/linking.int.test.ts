/** Linking, beyond the contract: refreshed registrations, refusals, expiry. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'
import { controlClient, spawnWhatsAppServer } from '@peyk/whatsapp-testserver'

import type { MemoryCredentials } from '../memory-credentials.ts'
import { baileysChannel } from './baileys-channel.ts'
import { WireSessions } from './wire-session.ts'
import { wireWorld, type WireWorld } from './wire-world.ts'

const SECRET_FIELD = 3

describe('linking', () => {
  let world: WireWorld
  let sessions: WireSessions

  beforeAll(async () => {
    const server = await spawnWhatsAppServer({ fast: true, autoScan: false })
    world = wireWorld(server, controlClient(server.controlUrl))
    sessions = new WireSessions(world)
  })
  beforeEach(() => world.control.clearFaults())
  afterEach(() => sessions.closeAll())
  afterAll(() => world.stop())

  const storedSecret = ({ records }: MemoryCredentials): unknown => {
    const creds: unknown = JSON.parse(Buffer.from(records.get('creds') ?? []).toString())
    return creds && typeof creds === 'object' && 'advSecretKey' in creds ? creds.advSecretKey : undefined
  }
  const secretOf = ({ text }: { readonly text: string }) => text.split(',')[SECRET_FIELD]

  test('a refreshed registration gives a QR with another secret, stored before it is shown, which links', async () => {
    await world.control.fault({ type: 'companionRefresh' })
    const { events, credentials } = sessions.openToLink({ method: 'qr' })
    await eventually(() => credentials.records.has('creds'))
    const qr = await events.next('qr', (shown) => secretOf(shown) === storedSecret(credentials))

    await world.scan('989350007001', qr.text)
    expect((await events.next('linked')).phone).toBe('989350007001')
    await events.next('closed')
    expect((await sessions.open({ credentials }).events.next('open')).phone).toBe('989350007001')
  })

  test('the new secret stays in the QR codes that follow', async () => {
    await world.control.fault({ type: 'companionRefresh' })
    const channel = baileysChannel({ ...world.options, qrTimeoutMs: 200 })
    const { events, credentials } = sessions.openToLink({ method: 'qr' }, channel)
    await events.next('closed')
    const secrets = events.all('qr').map(secretOf)
    expect(secrets.slice(-5)).toEqual(Array.from({ length: 5 }, () => storedSecret(credentials)))
  })

  test('a phone can scan the picture', async () => {
    const { events } = sessions.openToLink({ method: 'qr' })
    const { pngDataUrl } = await events.next('qr')
    await world.control.scan({ image: pngDataUrl, number: '989350007004' })
    expect((await events.next('linked')).phone).toBe('989350007004')
  })

  test('a demand for a passkey is refused in plain words', async () => {
    await world.control.fault({ type: 'pairingNotification', notification: 'passkey_prologue_request' })
    const { events } = sessions.openToLink({ method: 'qr' })
    const closed = await events.next('closed')
    expect(closed.cause).toBe('pairing_refused')
    expect(closed.detail).toContain('passkey')
  })

  test('an answer that nobody knows is named when nothing comes of the link', async () => {
    await world.control.fault({ type: 'pairingNotification', notification: 'something_new' })
    const channel = baileysChannel({ ...world.options, qrTimeoutMs: 60 })
    const { events } = sessions.openToLink({ method: 'qr' }, channel)
    const closed = await events.next('closed')
    expect(closed.cause).toBe('pairing_refused')
    expect(closed.detail).toContain('something_new')
  })

  test('an answer that nobody knows does not stop a link that works', async () => {
    await world.control.fault({ type: 'pairingNotification', notification: 'something_new' })
    const { events } = sessions.openToLink({ method: 'qr' })
    await world.scan('989350007003', (await events.next('qr')).text)
    expect((await events.next('linked')).phone).toBe('989350007003')
  })

  test('a link refused by the server', async () => {
    await world.control.fault({ type: 'refuseLogin', code: 405 })
    const { events } = sessions.openToLink({ method: 'qr' })
    expect(await events.next('closed')).toMatchObject({ cause: 'outdated', code: 405 })
  })

  test('QR codes follow each other, and nobody scanning ends it', async () => {
    const channel = baileysChannel({ ...world.options, qrTimeoutMs: 60 })
    const { events } = sessions.openToLink({ method: 'qr' }, channel)
    expect(await events.next('closed')).toEqual({ type: 'closed', cause: 'qr_expired' })
    const texts = events.all('qr').map(({ text }) => text)
    expect(new Set(texts).size).toBe(6)
  })

  test('with a pairing code no QR is shown, and the linked session logs in', async () => {
    const phone = '989350007002'
    const { events, credentials } = sessions.openToLink({ method: 'code', phone })
    const { code } = await events.next('pairing_code')
    await world.scan(phone, code)
    await events.next('closed')
    expect(events.all('qr')).toEqual([])
    expect((await sessions.open({ credentials }).events.next('open')).phone).toBe(phone)
  })
})
