import { createHash, randomBytes } from 'node:crypto'

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { controlClient, startWhatsAppServer, type ControlClient, type WhatsAppServer } from './index.ts'
import { TestClient } from './testing/client.ts'
import { lidJid, phoneJid } from './wire/jids.ts'

/** Now and then Baileys holds its events back, for up to 30 s. */
const EVENTS_MS = 40_000
jest.setTimeout(60_000)

describe('messages', () => {
  let server: WhatsAppServer
  let control: ControlClient
  const client = new TestClient()
  let next = 0
  const newNumber = () => `98912${String(++next).padStart(7, '0')}`
  const newId = () => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`

  beforeAll(async () => {
    server = await startWhatsAppServer({ fast: true, receipts: { readShare: 1 } })
    control = controlClient(server.controlUrl)
    await client.link(server, (qr) => control.scan({ qr }))
    expect(await client.connect(server)).toBe('open')
  })
  afterEach(() => control.clearFaults())
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  const send = async (to: string, text = 'سلام', id = newId()) => {
    await client.text(to, text, id)
    await eventually(() => client.acks.has(id), { what: 'the ack' })
    return id
  }
  const told = <Value>(check: () => Value) =>
    eventually(check, { deadlineMs: EVENTS_MS, what: 'an event of Baileys' })
  const hasUpdates = (...updates: string[]) =>
    told(() => updates.every((update) => client.updates.includes(update)))

  test('a text arrives exactly, once, and is acknowledged, sent, delivered and read', async () => {
    const to = newNumber()
    const text = 'سلام «دنیا» 👋🏽\nخط دوم — 4٬096'
    const id = await send(to, text)
    expect(client.acks.get(id)?.['error']).toBeUndefined()
    expect(await control.messages(to)).toEqual([
      {
        id,
        from: client.phone,
        to,
        text,
        kind: 'text',
        count: 1,
        firstAt: expect.any(String),
        lastAt: expect.any(String),
      },
    ])
    const receipts = ['sender', 'delivered', 'read'].map((type) => `${id} ${type}`)
    await eventually(() => receipts.every((receipt) => client.receipts.includes(receipt)))
    await hasUpdates(`${id} 4`)
  })

  test('several messages to one number are kept apart, in order', async () => {
    const to = newNumber()
    for (const text of ['one', 'two', 'three']) await send(to, text)
    const texts = (await control.messages(to)).map(({ text }) => text)
    expect(texts).toEqual(['one', 'two', 'three'])
  })

  test('a message that comes twice is counted twice', async () => {
    const to = newNumber()
    const id = await send(to, 'once')
    client.acks.clear()
    await send(to, 'once', id)
    expect(await control.messages(to)).toMatchObject([{ id, text: 'once', count: 2 }])
  })

  test('all messages, by number, and none after they were deleted', async () => {
    const to = newNumber()
    await send(to, 'x')
    expect(await control.allMessages()).toContainEqual({
      number: to,
      messages: [expect.objectContaining({ text: 'x' })],
    })
    await control.clearMessages()
    expect(await control.allMessages()).toEqual([])
  })

  test('a message to the own number is read there', async () => {
    await send(client.phone, 'done')
    expect(await control.messages(client.phone)).toMatchObject([{ text: 'done', from: client.phone }])
  })

  test('a number that ends in 00000 is not on WhatsApp, others are', async () => {
    const there = newNumber()
    expect(await client.sock.onWhatsApp(there, '989120000000')).toEqual([
      { jid: phoneJid(there), exists: true },
    ])
    expect(await client.sock.getUSyncDevices([phoneJid('989120000000')], false, false)).toEqual([])
    const devices = await client.sock.getUSyncDevices([phoneJid(there)], false, false)
    expect(devices).toMatchObject([{ user: there, device: 0 }])
  })

  test('a number can be written to by its LID', async () => {
    const to = newNumber()
    await client.sock.sendMessage(lidJid(to), { text: 'by lid' }, { messageId: newId() })
    await eventually(async () => (await control.messages(to)).length === 1)
    expect(await control.messages(to)).toMatchObject([{ text: 'by lid', to }])
  })

  test('an attachment arrives byte for byte, with its caption and name', async () => {
    const to = newNumber()
    const content = randomBytes(300_000)
    const document = {
      document: content,
      mimetype: 'application/pdf',
      fileName: 'فهرست.pdf',
      caption: 'پیوست',
    }
    await client.sock.sendMessage(phoneJid(to), document, { messageId: newId() })
    await eventually(async () => (await control.messages(to)).length === 1)
    const [message] = await control.messages(to)
    expect(message).toMatchObject({ kind: 'document', text: 'پیوست' })
    expect(message?.media).toEqual({
      mimeType: 'application/pdf',
      fileName: 'فهرست.pdf',
      sha256: createHash('sha256').update(content).digest('hex'),
      bytes: content.length,
    })
  })

  test('a reply comes with what it quotes, from the phone number', async () => {
    const from = newNumber()
    const quoted = await send(from)
    const { id, to } = await control.reply({ from, text: 'لغو', quoted })
    expect(to).toBe(client.phone)
    const reply = await told(() => client.received.find(({ key }) => key.id === id))
    expect(reply.key).toMatchObject({ remoteJid: phoneJid(from), remoteJidAlt: lidJid(from), fromMe: false })
    expect(reply.message?.extendedTextMessage).toMatchObject({
      text: 'لغو',
      contextInfo: { stanzaId: quoted },
    })
  })

  test('a stranger writes first, from a LID', async () => {
    const from = newNumber()
    const { id } = await control.reply({ from, to: client.phone, text: 'hello', byLid: true })
    const reply = await told(() => client.received.find(({ key }) => key.id === id))
    expect(reply.key).toMatchObject({ remoteJid: lidJid(from), remoteJidAlt: phoneJid(from) })
    expect(reply.message?.conversation).toBe('hello')
  })

  test('receipts come in one stanza, from a LID', async () => {
    const from = newNumber()
    const stanzas: Readonly<Record<string, string>>[] = []
    client.sock.ws.on('CB:receipt,type:played', ({ attrs }: { attrs: Record<string, string> }) =>
      stanzas.push(attrs),
    )
    const messageIds = [newId(), newId(), newId()]
    await control.receipts({ number: client.phone, from, type: 'played', messageIds, byLid: true })
    await hasUpdates(...messageIds.map((id) => `${id} 5`))
    expect(stanzas).toMatchObject([{ from: lidJid(from), id: messageIds[0] }])
  })

  test('receipts and replies wait for a device that is away', async () => {
    const from = newNumber()
    const messageId = await send(from)
    await client.end()
    await eventually(async () => (await control.sockets(client.phone)).open === 0)
    const { id } = await control.reply({ from, text: 'while you were away' })
    await control.receipts({ number: client.phone, from, type: 'played', messageIds: [messageId] })
    expect(await client.connect(server)).toBe('open')
    await hasUpdates(`${messageId} 5`)
    await told(() => client.received.some(({ key }) => key.id === id))
  })

  test('a reply that was read does not come again', async () => {
    const from = newNumber()
    const { id } = await control.reply({ from, to: client.phone, text: 'once' })
    await told(() => client.received.some(({ key }) => key.id === id))
    await send(newNumber())
    await client.end()
    expect(await client.connect(server)).toBe('open')
    const later = await control.reply({ from, to: client.phone, text: 'later' })
    await told(() => client.received.some(({ key }) => key.id === later.id))
    expect(client.received.filter(({ key }) => key.id === id)).toHaveLength(1)
  })

  test('a device that cannot read a reply asks for it again', async () => {
    const from = newNumber()
    const forget = client.rememberKeys()
    await control.reply({ from, to: client.phone, text: 'first' })
    await told(() => client.received.some(({ message }) => message?.conversation === 'first'))
    await send(from)
    forget()
    await control.reply({ from, to: client.phone, text: 'second' })
    await told(() => client.received.some(({ message }) => message?.conversation === 'second'))
  })

  test('a recipient who could not read asks again, and reads it then', async () => {
    const to = newNumber()
    await control.fault({ type: 'retryReceipt', to, times: 1 })
    const id = await send(to, 'again, please')
    await eventually(async () => (await control.messages(to)).length === 1)
    expect(await control.messages(to)).toMatchObject([{ id, text: 'again, please', count: 1 }])
  })

  test('a client that uses a message key twice loses the second message', async () => {
    const to = newNumber()
    await send(to, 'first')
    const forget = client.rememberKeys()
    await send(to, 'second')
    forget()
    const { unreadable } = await control.health()
    await send(to, 'third')
    await send(to, 'fourth')
    expect((await control.messages(to)).map(({ text }) => text)).toEqual(['first', 'second', 'fourth'])
    expect(await control.health()).toMatchObject({ unreadable: unreadable + 1 })
  })

  test('two devices of one number see what the other one sends', async () => {
    const second = new TestClient()
    await second.link(server, (qr) => control.scan({ qr, number: client.phone }))
    expect(await second.connect(server)).toBe('open')
    expect(second.creds.me?.id).toBe(phoneJid(client.phone, 2))
    expect(await control.sockets(client.phone)).toMatchObject({ open: 2, maxOpen: 2, replaced: 0 })
    const to = newNumber()
    const id = newId()
    await second.text(to, 'from the second', id)
    const copy = await told(() => client.received.find(({ key }) => key.id === id))
    expect(copy.key).toMatchObject({ fromMe: true, remoteJid: phoneJid(to) })
    expect(await control.messages(to)).toMatchObject([{ text: 'from the second', from: client.phone }])
    await second.sock.logout()
    await eventually(async () => (await control.sockets(client.phone)).open === 1)
  })
})
