/** What every channel promises, run on the fake and on Baileys. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { EventLog } from './event-log.ts'
import type { Channel, ClosedEvent, Connection, LinkMethod, SendRequest } from './channel.ts'
import { MemoryCredentials } from './memory-credentials.ts'

/** A channel and the WhatsApp behind it. */
export interface ChannelWorld {
  readonly channel: Channel
  /** The phone scans the QR, or its user types the code. */
  scan(phone: string, offered: string): Promise<void>
  /** What a number was sent, as it can read it. */
  messagesTo(phone: string): Promise<readonly { readonly messageId: string; readonly text: string }[]>
  /** How WhatsApp answers the sends from now on. */
  answerWith(answer: 'ack' | 'nack463' | 'nothing'): Promise<void>
  reply(own: string, from: string, text: string, quotedMessageId: string): Promise<void>
  deliver(own: string, to: string, messageId: string): Promise<void>
  disconnect(own: string, cause: 'connection_lost' | 'replaced' | 'logged_out'): Promise<void>
  stop(): Promise<void>
}

export function channelContract(name: string, makeWorld: () => Promise<ChannelWorld>): void {
  describe(`the channel: ${name}`, () => {
    let world: ChannelWorld
    let next = 0
    const opened: Connection[] = []
    const newNumber = (prefix: string) => `${prefix}${String(++next).padStart(4, '0')}`

    /** A session, linked once: a first login is dear. */
    const own = '989350009999'
    const linked = new MemoryCredentials()

    beforeAll(async () => {
      world = await makeWorld()
      await link(own, linked)
    })
    beforeEach(() => world.answerWith('ack'))
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((connection) => connection.close()))
    })
    afterAll(() => world.stop())

    const open = (credentials: MemoryCredentials, link?: LinkMethod) => {
      const events = new EventLog()
      const connection = world.channel.open({
        credentials,
        sessionLabel: 'test',
        ...(link && { link }),
        onEvent: events.add,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
      })
      opened.push(connection)
      return { connection, events }
    }
    const link = async (phone: string, credentials: MemoryCredentials) => {
      const { events } = open(credentials, { method: 'qr' })
      await world.scan(phone, (await events.next('qr')).text)
      await events.next('closed')
    }
    const login = async (credentials = linked) => {
      const session = open(credentials)
      await session.events.next('open')
      return session
    }
    const loginFresh = async () => {
      const phone = newNumber('98935000')
      const credentials = new MemoryCredentials()
      await link(phone, credentials)
      return { phone, credentials, ...(await login(credentials)) }
    }
    const message = (more: Partial<SendRequest> = {}): SendRequest => ({
      messageId: newNumber('3EB000000000000000'),
      phone: newNumber('98912000'),
      text: 'سلام',
      ...more,
    })

    test('a phone links by QR; the credentials are stored by then; the next connection logs in', async () => {
      const phone = newNumber('98935000')
      const credentials = new MemoryCredentials()
      const { events } = open(credentials, { method: 'qr' })
      const qr = await events.next('qr')
      expect(qr.pngDataUrl).toMatch(/^data:image\/png;base64,/)
      expect(qr.expiresAt.getTime()).toBeGreaterThan(Date.now())
      await world.scan(phone, qr.text)
      expect((await events.next('linked')).phone).toBe(phone)
      expect(credentials.records.has('creds')).toBe(true)
      expect(await events.next('closed')).toMatchObject({ cause: 'restart_required' })

      const session = open(credentials)
      expect((await session.events.next('open')).phone).toBe(phone)
      expect(session.connection.selfNumber).toBe(phone)
    })

    test('a phone links by a code', async () => {
      const phone = newNumber('98935000')
      const { events } = open(new MemoryCredentials(), { method: 'code', phone })
      const { code } = await events.next('pairing_code')
      expect(code).toMatch(/^[0-9A-Z]{8}$/)
      await world.scan(phone, code)
      expect((await events.next('linked')).phone).toBe(phone)
    })

    test('without linked credentials and without a link it ends as logged out', async () => {
      const { events } = open(new MemoryCredentials())
      expect(await events.next('closed')).toMatchObject({ cause: 'logged_out' })
    })

    test('a link that could not be stored is not reported as linked', async () => {
      const credentials = new MemoryCredentials()
      const { events } = open(credentials, { method: 'qr' })
      const qr = await events.next('qr')
      credentials.fence()
      await world.scan(newNumber('98935000'), qr.text)
      expect(await events.next('closed')).toMatchObject({ cause: 'fenced' })
      expect(events.all('linked')).toEqual([])
    })

    test('a message arrives, once, and is sent', async () => {
      const { connection } = await login()
      const { messageId, phone, text } = message()
      expect(await connection.send({ messageId, phone, text })).toEqual({
        outcome: 'sent',
        at: expect.any(Date),
      })
      expect(await world.messagesTo(phone)).toEqual([{ messageId, text }])
    })

    test('a number that is not on WhatsApp', async () => {
      const { connection } = await login()
      expect(await connection.send(message({ phone: '989120000000' }))).toEqual({
        outcome: 'not_on_whatsapp',
      })
    })

    test('a refusal with 463 is a reach-out lock', async () => {
      const { connection } = await login()
      await world.answerWith('nack463')
      expect(await connection.send(message())).toEqual({
        outcome: 'failed',
        reason: 'reach_out_locked',
        code: 463,
      })
    })

    test('the end of the socket before the ack leaves the fate open', async () => {
      const { connection } = await login()
      await world.answerWith('nothing')
      const request = message()
      const sending = connection.send(request)
      await eventually(async () => (await world.messagesTo(request.phone)).length === 1)
      await connection.close()
      expect(await sending).toEqual({ outcome: 'no_ack' })
    })

    test('a shut gate lets nothing out', async () => {
      const { connection } = await login()
      const request = message()
      const result = await connection.send({ ...request, beforeHandOver: () => Promise.resolve(false) })
      expect(result).toEqual({ outcome: 'not_handed_over', reason: 'gate_shut' })
      expect(await connection.send(request)).toMatchObject({ outcome: 'sent' })
      expect(await world.messagesTo(request.phone)).toHaveLength(1)
    })

    test('a send that was aborted before lets nothing out', async () => {
      const { connection } = await login()
      const request = message({ signal: AbortSignal.abort() })
      expect(await connection.send(request)).toEqual({ outcome: 'not_handed_over', reason: 'aborted' })
      expect(await world.messagesTo(request.phone)).toEqual([])
    })

    test('the socket ends while the gate is asked: nothing goes out', async () => {
      const { connection } = await login()
      const request = message({
        beforeHandOver: async () => {
          await connection.close()
          return true
        },
      })
      expect(await connection.send(request)).toEqual({
        outcome: 'not_handed_over',
        reason: 'connection_closed',
      })
      expect(await world.messagesTo(request.phone)).toEqual([])
    })

    test('before open and after the end nothing is sent', async () => {
      const { connection } = await login()
      await connection.close()
      const nothing = { outcome: 'not_handed_over', reason: 'not_open' }
      expect(await connection.send(message())).toEqual(nothing)
      expect(await open(linked).connection.send(message())).toEqual(nothing)
    })

    test('an attachment past its life is not sent', async () => {
      const { connection } = await login()
      const media = { kind: 'document' as const, content: Buffer.alloc(0), expiresAt: new Date(0) }
      expect(await connection.send(message({ media }))).toEqual({ outcome: 'failed', reason: 'media_failed' })
    })

    test('a receipt tells message ids and a state', async () => {
      const { connection, events } = await login()
      const request = message()
      await connection.send(request)
      await world.deliver(own, request.phone, request.messageId)
      const receipt = await events.next('receipt', ({ state }) => state === 'delivered')
      expect(receipt.messageIds).toContain(request.messageId)
    })

    test('a reply tells who, what and what it answers', async () => {
      const { connection, events } = await login()
      const { messageId, phone, text } = message()
      await connection.send({ messageId, phone, text })
      await world.reply(own, phone, 'لغو', messageId)
      expect(await events.next('reply')).toMatchObject({ phone, text: 'لغو', quotedMessageId: messageId })
    })

    test.each(['connection_lost', 'replaced'] as const)('WhatsApp ends it: %s', async (cause) => {
      const { connection, events } = await login()
      await world.disconnect(own, cause)
      expect(await events.next('closed')).toMatchObject({ cause })
      expect(await connection.send(message())).toMatchObject({ outcome: 'not_handed_over' })
    })

    test('the phone removes the device', async () => {
      const { phone, events } = await loginFresh()
      await world.disconnect(phone, 'logged_out')
      expect(await events.next('closed')).toMatchObject({ cause: 'logged_out' })
    })

    test('logout ends as logged out, and the credentials are worth nothing after', async () => {
      const { connection, events, credentials } = await loginFresh()
      await connection.logout()
      expect(events.all('closed')).toEqual([expect.objectContaining({ cause: 'logged_out' })])
      expect(await open(credentials).events.next('closed')).toMatchObject({ cause: 'logged_out' })
      await expect(connection.logout()).rejects.toThrow()
    })

    test('closing twice tells closed once, as the last event', async () => {
      const { connection, events } = await login()
      await Promise.all([connection.close(), connection.close()])
      await connection.close()
      const closed: ClosedEvent = { type: 'closed', cause: 'stopped' }
      expect(events.all('closed')).toEqual([closed])
      expect(events.last()).toEqual(closed)
    })

    test('closing at once, before anything happened, ends as stopped', async () => {
      const { connection, events } = open(new MemoryCredentials(), { method: 'qr' })
      await connection.close()
      expect(events.last()).toEqual({ type: 'closed', cause: 'stopped' })
    })
  })
}
