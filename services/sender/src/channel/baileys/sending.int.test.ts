/** Sending, beyond the contract: every result, deadlines, acks and receipts, attachments. */
import { createHash } from 'node:crypto'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'
import { controlClient, startWhatsAppServer } from '@peyk/whatsapp-testserver'
import sharp from 'sharp'

import { MediaUploadError, type MediaFile } from '../channel.ts'
import { baileysChannel } from './baileys-channel.ts'
import { WireSessions } from './wire-session.ts'
import { IMPATIENT, WITHOUT_OWN_RECEIPTS, wireWorld, type WireWorld } from './wire-world.ts'

describe('sending', () => {
  let world: WireWorld
  let sessions: WireSessions

  beforeAll(async () => {
    const server = await startWhatsAppServer(WITHOUT_OWN_RECEIPTS)
    world = wireWorld(server, controlClient(server.controlUrl))
    sessions = new WireSessions(world)
    await sessions.link()
  })
  beforeEach(() => world.control.clearFaults())
  afterEach(() => sessions.closeAll())
  afterAll(() => world.stop())
  const impatient = () => baileysChannel({ ...world.options, ...IMPATIENT })

  test.each([
    [429, 'rate_limited'],
    [463, 'reach_out_locked'],
    [479, 'rejected'],
    [400, 'rejected'],
  ] as const)('a refusal with %i is %s', async (code, reason) => {
    const { connection } = await sessions.login()
    await world.control.fault({ type: 'nack', code })
    expect(await connection.send(sessions.message())).toEqual({ outcome: 'failed', reason, code })
  })

  test('without an ack in time the fate is open, and a late receipt repairs it', async () => {
    const { connection, events } = await sessions.login(impatient())
    await world.answerWith('nothing')
    const request = sessions.message()
    expect(await connection.send(request)).toEqual({ outcome: 'no_ack' })
    await world.deliver(sessions.own, request.phone, request.messageId)
    expect((await events.next('receipt')).messageIds).toEqual([request.messageId])
  })

  test('an ack that comes too late is told as a receipt', async () => {
    const { connection, events } = await sessions.login(impatient())
    await world.control.fault({ type: 'delayAck', ms: 2000 })
    await world.control.fault({ type: 'noReceipts' })
    const request = sessions.message()
    expect(await connection.send(request)).toEqual({ outcome: 'no_ack' })
    expect(await events.next('receipt')).toMatchObject({ messageIds: [request.messageId], state: 'sent' })
  })

  test('a receipt that comes instead of the ack is proof enough', async () => {
    const { connection } = await sessions.login()
    await world.answerWith('nothing')
    const request = sessions.message()
    const sending = connection.send(request)
    await eventually(async () => (await world.messagesTo(request.phone)).length === 1)
    await world.deliver(sessions.own, request.phone, request.messageId)
    expect(await sending).toMatchObject({ outcome: 'sent' })
  })

  test.each(['usync', 'keys'] as const)('silence on %s: nothing goes out, then or later', async (what) => {
    const { connection } = await sessions.login(impatient())
    const request = sessions.message()
    await world.control.fault({ type: 'silence', what })
    expect(await connection.send(request)).toEqual({ outcome: 'not_handed_over', reason: 'timed_out' })
    await world.control.clearFaults()
    // Sends that follow do get through; the one given up does not come after them.
    await eventually(async () => (await connection.send(sessions.message())).outcome === 'sent')
    expect(await world.messagesTo(request.phone)).toEqual([])
  })

  test('an abort ends a send that waits, but not one that was handed over', async () => {
    const { connection } = await sessions.login()
    const abort = new AbortController()
    const waiting = sessions.message({ signal: abort.signal, composingMs: 60_000 })
    const sending = connection.send(waiting)
    abort.abort()
    expect(await sending).toEqual({ outcome: 'not_handed_over', reason: 'aborted' })

    const late = new AbortController()
    const request = sessions.message({
      signal: late.signal,
      beforeHandOver: () => {
        setImmediate(() => {
          late.abort()
        })
        return true
      },
    })
    expect(await connection.send(request)).toMatchObject({ outcome: 'sent' })
    expect(await world.messagesTo(waiting.phone)).toEqual([])
  })

  test('typing is shown before a message', async () => {
    const { connection } = await sessions.login()
    const started = performance.now()
    const request = sessions.message({ composingMs: 100 })
    expect(await connection.send(request)).toMatchObject({ outcome: 'sent' })
    expect(performance.now() - started).toBeGreaterThanOrEqual(99)
  })

  test('the keys of a message are stored before it is handed over', async () => {
    const { connection } = await sessions.login()
    const request = sessions.message()
    let stored: Uint8Array | undefined
    const ratchet = () => {
      const found = [...sessions.credentials.records].filter(([name]) => name.startsWith('session|'))
      return Buffer.concat(found.map(([, record]) => record))
    }
    await connection.send({
      ...request,
      beforeHandOver: () => {
        stored = ratchet()
        return true
      },
    })
    expect(ratchet()).toEqual(stored)
  })

  test('many recipients are looked up at once', async () => {
    const { connection } = await sessions.login()
    const requests = Array.from({ length: 3 }, () => sessions.message())
    await connection.warm(requests.map(({ phone }) => phone))
    await world.control.fault({ type: 'silence', what: 'usync' })
    for (const request of requests) expect(await connection.send(request)).toMatchObject({ outcome: 'sent' })
  })

  test('the linked number itself gets a message', async () => {
    const { connection } = await sessions.login()
    const result = await connection.send(sessions.message({ phone: sessions.own }))
    expect(result).toMatchObject({ outcome: 'sent' })
  })

  test('text arrives as it is: emoji, right to left, 4,096 characters', async () => {
    const { connection } = await sessions.login()
    const text = 'سلام {نام} 👨‍👩‍👧 می‌خواهم https://example.com/?a=1\n'.repeat(200).slice(0, 4096)
    const request = sessions.message({ text })
    await connection.send(request)
    expect(await world.messagesTo(request.phone)).toEqual([{ messageId: request.messageId, text }])
  })

  test('a look-up that is limited, and one that fails otherwise', async () => {
    const { connection } = await sessions.login()
    await world.control.fault({ type: 'queryError', what: 'usync', code: 429, times: 1 })
    expect(await connection.send(sessions.message())).toEqual({
      outcome: 'not_handed_over',
      reason: 'rate_limited',
    })
    await world.control.fault({ type: 'queryError', what: 'usync', code: 500, times: 1 })
    expect(await connection.send(sessions.message())).toEqual({
      outcome: 'not_handed_over',
      reason: 'lookup_failed',
    })
  })

  test('a recipient without keys has no device to write to', async () => {
    const { connection } = await sessions.login()
    const request = sessions.message()
    await world.control.fault({ type: 'queryError', what: 'keys', code: 406 })
    expect(await connection.send(request)).toMatchObject({ outcome: 'failed', reason: 'no_device' })
    expect(await world.messagesTo(request.phone)).toEqual([])
  })

  test('a recipient who cannot read a message gets it again, once', async () => {
    const { connection } = await sessions.login()
    await world.control.fault({ type: 'retryReceipt', times: 1 })
    const request = sessions.message()
    await connection.send(request)
    await eventually(async () => (await world.messagesTo(request.phone)).length > 0)
    const { messageId, text } = request
    expect(await world.messagesTo(request.phone)).toEqual([{ messageId, text }])
  })

  test('after a restart the message that is asked for again comes from the caller', async () => {
    const request = sessions.message()
    const { connection } = await sessions.login()
    await world.control.fault({ type: 'retryReceipt', times: 1 })
    await world.control.fault({ type: 'latency', ms: 300 })
    await connection.send(request)
    await connection.close()
    await world.control.clearFaults()
    sessions.open({ recall: (id) => Promise.resolve(id === request.messageId ? request : undefined) })
    await eventually(async () => (await world.messagesTo(request.phone)).length === 1)
  })

  test('a reply from a LID is resolved to the phone', async () => {
    const { connection, events } = await sessions.login()
    const { messageId, phone, text } = sessions.message()
    await connection.send({ messageId, phone, text })
    await world.control.reply({ from: phone, to: sessions.own, text: 'لغو', byLid: true })
    const reply = await events.next('reply')
    expect(reply).toMatchObject({ phone, text: 'لغو' })
    expect(reply.lid).toMatch(/^\d+$/)
  })

  test('what was said and confirmed while the session was away comes with the next connection', async () => {
    const { connection } = await sessions.login()
    const { messageId, phone, text } = sessions.message()
    await world.control.fault({ type: 'noReceipts' })
    await connection.send({ messageId, phone, text })
    await connection.close()
    await world.control.receipts({ number: sessions.own, from: phone, type: 'read', messageIds: [messageId] })
    await world.control.reply({ from: phone, to: sessions.own, text: 'STOP' })
    const { events } = await sessions.login()
    expect(await events.next('reply', (reply) => reply.text === 'STOP')).toMatchObject({ phone })
    await events.next(
      'receipt',
      ({ state, messageIds }) => state === 'read' && messageIds.includes(messageId),
    )
  })

  test('the limits towards new contacts', async () => {
    const { connection } = await sessions.login()
    await world.control.fault({ type: 'newChatCap', total: 900, used: 750 })
    await world.control.fault({ type: 'reachOutLock', seconds: 3600 })
    const limits = await connection.newContactLimits()
    expect(limits).toMatchObject({ newChatCap: 900, newChatUsed: 750 })
    expect(Math.abs((limits.timelockedUntil?.getTime() ?? 0) - Date.now() - 3_600_000)).toBeLessThan(10_000)
  })

  test.each(['image', 'video', 'document'] as const)('an attachment, uploaded once: %s', async (kind) => {
    const { connection } = await sessions.login()
    const { uploads } = await world.control.health()
    const file = await fileOf(kind)
    const media = await connection.uploadMedia(file)
    expect(media.expiresAt.getTime()).toBeGreaterThan(Date.now())
    for (const text of ['اول', 'دوم', '']) {
      const request = sessions.message({ text, media })
      expect(await connection.send(request)).toMatchObject({ outcome: 'sent' })
      const [received] = await world.control.messages(request.phone)
      expect(received).toMatchObject({ kind, text, count: 1, media: { mimeType: file.mimeType } })
      expect(received?.media?.sha256).toBe(createHash('sha256').update(file.content).digest('hex'))
    }
    expect((await world.control.health()).uploads).toBe(uploads + 1)
  })

  test('an upload that WhatsApp does not take', async () => {
    const { connection } = await sessions.login()
    await world.control.fault({ type: 'failUpload', status: 500 })
    await expect(connection.uploadMedia(await fileOf('document'))).rejects.toThrow(MediaUploadError)
  })

  test('a picture that is none, and a closed connection, take no upload', async () => {
    const { connection } = await sessions.login()
    const broken = { ...(await fileOf('image')), content: Buffer.from('no picture') }
    await expect(connection.uploadMedia(broken)).rejects.toThrow(MediaUploadError)
    await connection.close()
    await expect(connection.uploadMedia(await fileOf('document'))).rejects.toThrow(MediaUploadError)
  })
})

async function fileOf(kind: MediaFile['kind']): Promise<MediaFile> {
  const picture = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  const mimeType = { image: 'image/png', video: 'video/mp4', document: 'application/pdf' }[kind]
  return { kind, content: picture, mimeType, fileName: 'prices.pdf' }
}
