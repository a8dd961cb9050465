/** What every channel promises, run on the fake and on Baileys. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import { EventLog } from './event-log.ts'
import type { Channel, ClosedEvent, Connection, LinkMethod, OpenOptions, SendRequest } from './channel.ts'
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

const RECIPIENT = '989120000001'
const NOT_ON_WHATSAPP = '989120000000'

export function channelContract(name: string, makeWorld: () => Promise<ChannelWorld>): void {
  describe(`the channel: ${name}`, () => {
    let world: ChannelWorld
    let credentials: MemoryCredentials
    let own: string
    let next = 0
    const opened: Connection[] = []

    beforeEach(async () => {
      world = await makeWorld()
      credentials = new MemoryCredentials()
      own = `98935000${String(++next).padStart(4, '0')}`
    })
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((connection) => connection.close()))
      await world.stop()
    })

    const open = (link?: LinkMethod, more: Partial<OpenOptions> = {}) => {
      const events = new EventLog()
      const connection = world.channel.open({
        credentials,
        sessionLabel: 'test',
        ...(link && { link }),
        onEvent: events.add,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
        ...more,
      })
      opened.push(connection)
      return { connection, events }
    }
    const link = async () => {
      const { events } = open({ method: 'qr' })
      await world.scan(own, (await events.next('qr')).text)
      return events
    }
    const linkAndOpen = async () => {
      await (await link()).next('closed')
      const session = open()
      await session.events.next('open')
      return session
    }
    const message = (more: Partial<SendRequest> = {}): SendRequest => ({
      messageId: `3EB0${String(++next).padStart(18, '0')}`,
      phone: RECIPIENT,
      text: 'سلام',
      ...more,
    })

    test('a phone links by QR; the credentials are stored by then; the next connection logs in', async () => {
      const { events } = open({ method: 'qr' })
      const qr = await events.next('qr')
      expect(qr.pngDataUrl).toMatch(/^data:image\/png;base64,/)
      expect(qr.expiresAt.getTime()).toBeGreaterThan(Date.now())
      await world.scan(own, qr.text)
      expect((await events.next('linked')).phone).toBe(own)
      expect(credentials.records.has('creds')).toBe(true)
      expect(await events.next('closed')).toMatchObject({ cause: 'restart_required' })

      const session = open()
      expect((await session.events.next('open')).phone).toBe(own)
      expect(session.connection.selfNumber).toBe(own)
    })

    test('a phone links by a code', async () => {
      const { events } = open({ method: 'code', phone: own })
      const { code } = await events.next('pairing_code')
      expect(code).toMatch(/^[0-9A-Z]{8}$/)
      await world.scan(own, code)
      expect((await events.next('linked')).phone).toBe(own)
    })

    test('without linked credentials and without a link it ends as logged out', async () => {
      const { events } = open()
      expect(await events.next('closed')).toMatchObject({ cause: 'logged_out' })
    })

    test('a link that could not be stored is not reported as linked', async () => {
      const { events } = open({ method: 'qr' })
      const qr = await events.next('qr')
      credentials.fence()
      await world.scan(own, qr.text)
      expect(await events.next('closed')).toMatchObject({ cause: 'fenced' })
      expect(events.all('linked')).toEqual([])
    })

    test('a message arrives, once, and is sent', async () => {
      const { connection } = await linkAndOpen()
      const request = message()
      expect(await connection.send(request)).toEqual({ outcome: 'sent', at: expect.any(Date) })
      expect(await world.messagesTo(RECIPIENT)).toEqual([
        { messageId: request.messageId, text: request.text },
      ])
    })

    test('a number that is not on WhatsApp', async () => {
      const { connection } = await linkAndOpen()
      expect(await connection.send(message({ phone: NOT_ON_WHATSAPP }))).toEqual({
        outcome: 'not_on_whatsapp',
      })
    })

    test('a refusal with 463 is a reach-out lock', async () => {
      const { connection } = await linkAndOpen()
      await world.answerWith('nack463')
      expect(await connection.send(message())).toEqual({
        outcome: 'failed',
        reason: 'reach_out_locked',
        code: 463,
      })
    })

    test('the end of the socket before the ack leaves the fate open', async () => {
      const { connection } = await linkAndOpen()
      await world.answerWith('nothing')
      const sending = connection.send(message())
      await eventually(async () => (await world.messagesTo(RECIPIENT)).length === 1)
      await connection.close()
      expect(await sending).toEqual({ outcome: 'no_ack' })
    })

    test('a shut gate lets nothing out', async () => {
      const { connection } = await linkAndOpen()
      const result = await connection.send(message({ beforeHandOver: () => Promise.resolve(false) }))
      expect(result).toEqual({ outcome: 'not_handed_over', reason: 'gate_shut' })
      expect(await connection.send(message())).toMatchObject({ outcome: 'sent' })
      expect(await world.messagesTo(RECIPIENT)).toHaveLength(1)
    })

    test('a send that was aborted before lets nothing out', async () => {
      const { connection } = await linkAndOpen()
      const result = await connection.send(message({ signal: AbortSignal.abort() }))
      expect(result).toEqual({ outcome: 'not_handed_over', reason: 'aborted' })
      expect(await world.messagesTo(RECIPIENT)).toEqual([])
    })

    test('the socket ends while the gate is asked: nothing goes out', async () => {
      const { connection } = await linkAndOpen()
      const result = await connection.send(
        message({
          beforeHandOver: async () => {
            await connection.close()
            return true
          },
        }),
      )
      expect(result).toEqual({ outcome: 'not_handed_over', reason: 'connection_closed' })
      expect(await world.messagesTo(RECIPIENT)).toEqual([])
    })

    test('before open and after the end nothing is sent', async () => {
      const { connection } = await linkAndOpen()
      await connection.close()
      expect(await connection.send(message())).toEqual({ outcome: 'not_handed_over', reason: 'not_open' })
      expect(await open().connection.send(message())).toEqual({
        outcome: 'not_handed_over',
        reason: 'not_open',
      })
    })

    test('an attachment past its life is not sent', async () => {
      const { connection } = await linkAndOpen()
      const media = { kind: 'document' as const, content: Buffer.alloc(0), expiresAt: new Date(0) }
      expect(await connection.send(message({ media }))).toEqual({ outcome: 'failed', reason: 'media_failed' })
    })

    test('a receipt tells message ids and a state', async () => {
      const { connection, events } = await linkAndOpen()
      const request = message()
      await connection.send(request)
      await world.deliver(own, RECIPIENT, request.messageId)
      const receipt = await events.next('receipt', ({ state }) => state === 'delivered')
      expect(receipt.messageIds).toContain(request.messageId)
    })

    test('a reply tells who, what and what it answers', async () => {
      const { connection, events } = await linkAndOpen()
      const request = message()
      await connection.send(request)
      await world.reply(own, RECIPIENT, 'لغو', request.messageId)
      expect(await events.next('reply')).toMatchObject({
        phone: RECIPIENT,
        text: 'لغو',
        quotedMessageId: request.messageId,
      })
    })

    test.each(['connection_lost', 'replaced', 'logged_out'] as const)(
      'WhatsApp ends it: %s',
      async (cause) => {
        const { connection, events } = await linkAndOpen()
        await world.disconnect(own, cause)
        expect(await events.next('closed')).toMatchObject({ cause })
        expect(await connection.send(message())).toMatchObject({ outcome: 'not_handed_over' })
      },
    )

    test('logout ends as logged out, and the credentials are worth nothing after', async () => {
      const { connection, events } = await linkAndOpen()
      await connection.logout()
      expect(events.all('closed')).toEqual([expect.objectContaining({ cause: 'logged_out' })])
      expect(await open().events.next('closed')).toMatchObject({ cause: 'logged_out' })
      await expect(connection.logout()).rejects.toThrow()
    })

    test('closing twice tells closed once, as the last event', async () => {
      const { connection, events } = await linkAndOpen()
      await Promise.all([connection.close(), connection.close()])
      await connection.close()
      const closed: ClosedEvent = { type: 'closed', cause: 'stopped' }
      expect(events.all('closed')).toEqual([closed])
      expect(events.last()).toEqual(closed)
    })

    test('closing at once, before anything happened, ends as stopped', async () => {
      const { connection, events } = open({ method: 'qr' })
      await connection.close()
      expect(events.last()).toEqual({ type: 'closed', cause: 'stopped' })
    })
  })
}
