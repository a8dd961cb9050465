import { randomBytes } from 'node:crypto'

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { controlClient, startWhatsAppServer, type ControlClient, type WhatsAppServer } from './index.ts'
import { TestClient } from './testing/client.ts'
import { phoneJid } from './wire/jids.ts'

const QUERY_MS = 300

describe('faults', () => {
  let server: WhatsAppServer
  let control: ControlClient
  const client = new TestClient()
  let next = 0
  const newNumber = () => `98913${String(++next).padStart(7, '0')}`
  const newId = () => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`

  beforeAll(async () => {
    server = await startWhatsAppServer({ fast: true })
    control = controlClient(server.controlUrl)
    await client.link(server, (qr) => control.scan({ qr }))
    await connect()
  })
  afterEach(() => control.clearFaults())
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  const connect = async () => {
    expect(await client.connect(server, { defaultQueryTimeoutMs: QUERY_MS })).toBe('open')
  }
  const send = async (to: string) => {
    const id = newId()
    await client.text(to, 'x', id)
    return id
  }
  /** The errors of the acks of some messages, to one number each. */
  const errorsOf = async (count: number) => {
    const ids: string[] = []
    for (let sent = 0; sent < count; sent += 1) ids.push(await send(newNumber()))
    await eventually(() => ids.every((id) => client.acks.has(id)))
    return ids.map((id) => client.acks.get(id)?.['error'])
  }

  test.each([463, 479, 429])('nack %i: refused, and it does not arrive', async (code) => {
    const to = newNumber()
    await control.fault({ type: 'nack', code, to })
    const id = await send(to)
    await eventually(() => client.acks.get(id)?.['error'] === String(code))
    await eventually(() => client.updates.includes(`${id} 0`))
    expect(await control.messages(to)).toEqual([])
  })

  test('a fault can come some times only, and list and clear', async () => {
    await control.fault({ type: 'nack', code: 463, times: 2 })
    expect(await errorsOf(3)).toEqual(['463', '463', undefined])
    await control.fault({ type: 'nack', code: 479 })
    expect((await control.faults()).map(({ fault }) => fault)).toEqual([{ type: 'nack', code: 479 }])
    await control.clearFaults()
    expect(await errorsOf(1)).toEqual([undefined])
  })

  test('a fault can hit a share', async () => {
    await control.fault({ type: 'nack', code: 463, ratio: 0.5 })
    const refused = (await errorsOf(24)).filter((error) => error === '463').length
    expect(refused).toBeGreaterThan(2)
    expect(refused).toBeLessThan(22)
  })

  test('dropAck: it arrives, and nobody says so', async () => {
    const [to, other] = [newNumber(), newNumber()]
    await control.fault({ type: 'dropAck', to })
    await control.fault({ type: 'noReceipts', to })
    const id = await send(to)
    await eventually(async () => (await control.messages(to)).length === 1)
    const later = await send(other)
    await eventually(() => client.acks.has(later))
    expect(client.acks.has(id)).toBe(false)
  })

  test('delayAck and latency: the ack comes later', async () => {
    const to = newNumber()
    await send(to)
    await control.fault({ type: 'delayAck', ms: 150, to })
    const start = performance.now()
    const delayed = await send(to)
    await eventually(() => client.acks.has(delayed))
    expect(performance.now() - start).toBeGreaterThan(150)
    await control.clearFaults()
    await control.fault({ type: 'latency', ms: 100, from: client.phone })
    const startSlow = performance.now()
    const slow = await send(to)
    await eventually(() => client.acks.has(slow))
    expect(performance.now() - startSlow).toBeGreaterThan(100)
  })

  test('noReceipts: an ack, and nothing after', async () => {
    const to = newNumber()
    await control.fault({ type: 'noReceipts', to })
    const id = await send(to)
    const other = await send(newNumber())
    await eventually(() => client.acks.has(id) && client.receipts.includes(`${other} delivered`))
    expect(client.receipts.filter((receipt) => receipt.startsWith(id))).toEqual([])
  })

  test('notOnWhatsApp: a number is unknown', async () => {
    const number = newNumber()
    await control.fault({ type: 'notOnWhatsApp', numbers: [number] })
    expect(await client.sock.getUSyncDevices([phoneJid(number)], false, false)).toEqual([])
    expect(await client.sock.onWhatsApp(number)).toEqual([])
  })

  test('silence and queryError on usync', async () => {
    const jid = phoneJid(newNumber())
    await control.fault({ type: 'silence', what: 'usync', times: 1 })
    expect(await client.sock.getUSyncDevices([jid], false, false)).toEqual([])
    await control.fault({ type: 'queryError', what: 'usync', code: 429, times: 1 })
    await expect(client.sock.getUSyncDevices([jid], false, false)).rejects.toMatchObject({ data: 429 })
    expect(await client.sock.getUSyncDevices([jid], false, false)).toHaveLength(1)
  })

  test('queryError on keys', async () => {
    await control.fault({ type: 'queryError', what: 'keys', code: 404 })
    await expect(client.sock.assertSessions([phoneJid(newNumber())], true)).rejects.toMatchObject({
      data: 404,
    })
  })

  test('silence on everything: the connection looks alive and is dead', async () => {
    await control.fault({ type: 'silence', what: 'everything', from: client.phone })
    const ping = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' }, content: [] }
    await expect(client.sock.query(ping, QUERY_MS)).rejects.toThrow('Timed Out')
    await control.clearFaults()
    expect(await client.sock.query({ ...ping, attrs: { ...ping.attrs } }, 5_000)).toMatchObject({ tag: 'iq' })
  })

  test('failUpload: no attachment', async () => {
    await control.fault({ type: 'failUpload', status: 500 })
    const document = { document: Buffer.from('x'), mimetype: 'text/plain', fileName: 'x.txt' }
    await expect(client.sock.sendMessage(phoneJid(newNumber()), document)).rejects.toThrow()
  })

  test('what the account may do: free, locked, capped', async () => {
    expect(await client.sock.fetchAccountReachoutTimelock()).toMatchObject({ isActive: false })
    await control.fault({ type: 'reachOutLock', seconds: 3600 })
    const { isActive, timeEnforcementEnds } = await client.sock.fetchAccountReachoutTimelock()
    expect(isActive).toBe(true)
    expect(timeEnforcementEnds?.getTime()).toBeGreaterThan(Date.now() + 3_500_000)
    await control.fault({ type: 'newChatCap', total: 900, used: 750 })
    expect(await client.sock.fetchNewChatMessageCap()).toMatchObject({ total_quota: 900, used_quota: 750 })
  })

  test.each([503, 500, 515, 429])('disconnect with %i', async (code) => {
    await control.fault({ type: 'disconnect', number: client.phone, code })
    expect(await client.closed).toBe(code)
    await connect()
  })

  test('disconnect without a code: the network breaks', async () => {
    expect(await control.fault({ type: 'disconnect', number: client.phone })).toEqual({ sockets: 1 })
    expect(await client.closed).toBe(428)
    await connect()
  })

  test('replaced', async () => {
    await control.fault({ type: 'replaced', number: client.phone })
    expect(await client.closed).toBe(440)
    await connect()
  })

  test('the socket of a process that hangs does not count beside its successor', async () => {
    const before = await control.sockets(client.phone)
    const hanging = client.sock
    const socket = Reflect.get(hanging.ws, 'socket') as { pause(): void; resume(): void }
    socket.pause()
    await connect()
    await eventually(async () => (await control.sockets(client.phone)).replaced === before.replaced + 1)
    expect(await control.sockets(client.phone)).toMatchObject({ open: 1, maxOpen: 1 })
    socket.resume()
    await hanging.end(undefined)
  })

  test('a second login of a device replaces the first, and both are counted', async () => {
    const { closed, sock } = client
    await connect()
    expect(await closed).toBe(440)
    await sock.end(undefined)
    await eventually(async () => (await control.sockets(client.phone)).maxOpen === 2)
    expect(await control.sockets(client.phone)).toMatchObject({ open: 1, replaced: 2 })
  })

  test('what a replaced socket still sends is not heard', async () => {
    const { closed, sock } = client
    const to = newNumber()
    sock.ws.on('CB:stream:error', () => {
      sock.sendMessage(phoneJid(to), { text: 'late' }).catch(() => undefined)
    })
    await send(to)
    await control.fault({ type: 'replaced', number: client.phone })
    expect(await closed).toBe(440)
    await connect()
    await send(to)
    expect((await control.messages(to)).map(({ text }) => text)).toEqual(['x', 'x'])
  })

  test('a ban ends the connection and refuses logins until it is lifted', async () => {
    await control.fault({ type: 'ban', number: client.phone })
    expect(await client.closed).toBe(403)
    expect(await client.connect(server)).toBe(403)
    await control.clearFaults()
    await connect()
  })

  test('logout: the phone removes the device, for good', async () => {
    const other = new TestClient()
    await other.link(server, (qr) => control.scan({ qr }))
    expect(await other.connect(server)).toBe('open')
    await control.fault({ type: 'logout', number: other.phone })
    expect(await other.closed).toBe(401)
    expect(await other.connect(server)).toBe(401)
  })
})
