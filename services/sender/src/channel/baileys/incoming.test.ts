import { describe, expect, test } from '@jest/globals'
import type { BinaryNode, WAMessage, WAMessageContent } from '@whiskeysockets/baileys'

import { receiptOf, replyOf } from './incoming.ts'

const RECIPIENT = '989121234567@s.whatsapp.net'
const RECIPIENT_LID = '112233@lid'
const SELF = '989350000001@s.whatsapp.net'

describe('a receipt', () => {
  const receipt = (attrs: Record<string, string>, ids: string[] = []): BinaryNode => ({
    tag: 'receipt',
    attrs: { id: 'A', from: RECIPIENT, t: '1700000000', ...attrs },
    content: [{ tag: 'list', attrs: {}, content: ids.map((id) => ({ tag: 'item', attrs: { id } })) }],
  })
  const read = (node: BinaryNode) => receiptOf(node, (jid) => jid === SELF)

  test('without a type is a delivery, with the time that WhatsApp gave', () => {
    expect(read(receipt({}))).toEqual({
      type: 'receipt',
      messageIds: ['A'],
      state: 'delivered',
      at: new Date(1_700_000_000_000),
    })
  })

  test('of several messages at once names them all', () => {
    expect(read(receipt({ type: 'read' }, ['B', 'C']))).toMatchObject({
      messageIds: ['A', 'B', 'C'],
      state: 'read',
    })
  })

  test('may come from a LID', () => {
    expect(read(receipt({ from: RECIPIENT_LID, type: 'played' }))).toMatchObject({ state: 'played' })
  })

  test("of the own phone means that WhatsApp has the message, and nothing about the recipient's", () => {
    expect(read(receipt({ from: SELF, type: 'sender' }))).toMatchObject({ state: 'sent' })
    expect(read(receipt({ from: SELF, type: 'read' }))).toBeUndefined()
    expect(read(receipt({ from: SELF }))).toBeUndefined()
  })

  test.each(['retry', 'read-self', 'inactive', 'server-error'])('of type %s says nothing', (type) => {
    expect(read(receipt({ type }))).toBeUndefined()
  })

  test('of a group says nothing', () => {
    expect(read(receipt({ from: '123@g.us' }))).toBeUndefined()
  })
})

describe('a reply', () => {
  const at = 1_700_000_000
  const read = (message: WAMessageContent, key: Partial<WAMessage['key']> = {}) =>
    replyOf({ key: { id: 'R', remoteJid: RECIPIENT, ...key }, message, messageTimestamp: at }, (lid) =>
      Promise.resolve(lid === RECIPIENT_LID ? '989121234567:0@s.whatsapp.net' : null),
    )

  test('of plain text', async () => {
    expect(await read({ conversation: 'سلام' })).toEqual({
      type: 'reply',
      messageId: 'R',
      phone: '989121234567',
      lid: undefined,
      text: 'سلام',
      quotedMessageId: undefined,
      at: new Date(at * 1000),
    })
  })

  test('that quotes a message names it, also inside a disappearing one', async () => {
    const inner = { extendedTextMessage: { text: 'لغو', contextInfo: { stanzaId: 'A' } } }
    expect(await read({ ephemeralMessage: { message: inner } })).toMatchObject({
      text: 'لغو',
      quotedMessageId: 'A',
    })
  })

  test('from a LID is resolved, by the message or by what is known', async () => {
    const both = { remoteJid: RECIPIENT_LID, remoteJidAlt: RECIPIENT }
    expect(await read({ conversation: '1' }, both)).toMatchObject({ phone: '989121234567', lid: '112233' })
    const lidOnly = { remoteJid: RECIPIENT_LID }
    expect(await read({ conversation: '1' }, lidOnly)).toMatchObject({ phone: '989121234567', lid: '112233' })
  })

  test('from a LID that nobody knows keeps the LID', async () => {
    expect(await read({ conversation: '1' }, { remoteJid: '99@lid' })).toMatchObject({
      phone: undefined,
      lid: '99',
    })
  })

  test('without words still says that somebody answered', async () => {
    expect(await read({ audioMessage: { contextInfo: { stanzaId: 'A' } } })).toMatchObject({
      text: '',
      quotedMessageId: 'A',
    })
    expect(await read({ imageMessage: { caption: 'ببین' } })).toMatchObject({ text: 'ببین' })
  })

  test.each<[string, WAMessageContent, Partial<WAMessage['key']>]>([
    ['our own message', { conversation: 'x' }, { fromMe: true }],
    ['a group', { conversation: 'x' }, { remoteJid: '1@g.us' }],
    ['a reaction', { reactionMessage: { text: '👍' } }, {}],
    ['housekeeping', { protocolMessage: {} }, {}],
  ])('%s is none', async (_what, message, key) => {
    expect(await read(message, key)).toBeUndefined()
  })
})
