/** Reads what arrives: receipts of our messages, and what people write to us. */
import {
  getBinaryNodeChild,
  getBinaryNodeChildren,
  isLidUser,
  isPnUser,
  jidDecode,
  normalizeMessageContent,
  type BinaryNode,
  type WAMessage,
  type WAMessageContent,
} from '@whiskeysockets/baileys'

import type { ReceiptEvent, ReplyEvent } from '../channel.ts'
import { stanzaTime } from './acks.ts'

/** Which of the types of a receipt of somebody else tells a state; others are housekeeping. */
const STATES: Readonly<Record<string, ReceiptEvent['state']>> = {
  '': 'delivered',
  read: 'read',
  played: 'played',
}

/** Reads a receipt; undefined when it says nothing about a message that we sent. */
export function receiptOf(node: BinaryNode, isSelf: (jid: string) => boolean): ReceiptEvent | undefined {
  const { id, from, type = '', t } = node.attrs
  if (id === undefined || from === undefined || !(isPnUser(from) || isLidUser(from))) return undefined
  const state = isSelf(from) ? (type === 'sender' ? 'sent' : undefined) : STATES[type]
  if (state === undefined) return undefined
  const more = getBinaryNodeChildren(getBinaryNodeChild(node, 'list'), 'item').map((item) => item.attrs['id'])
  const messageIds = [id, ...more].filter((messageId) => messageId !== undefined)
  return { type: 'receipt', messageIds, state, at: stanzaTime(t) }
}

/** Reads a message of a person to this number; undefined for our own, groups, and what carries no content. */
export async function replyOf(
  message: WAMessage,
  phoneOfLid: (lid: string) => Promise<string | null>,
): Promise<ReplyEvent | undefined> {
  const { key } = message
  const jids = [key.remoteJid, key.remoteJidAlt].filter((jid) => typeof jid === 'string')
  const phoneJid = jids.find((jid) => isPnUser(jid))
  const lidJid = jids.find((jid) => isLidUser(jid))
  const content = normalizeMessageContent(message.message)
  if (key.fromMe || !key.id || (!phoneJid && !lidJid) || !content) return undefined
  const said = sayingOf(content)
  if (!said) return undefined
  const knownPhone = phoneJid ?? (lidJid ? await phoneOfLid(lidJid) : null)
  return {
    type: 'reply',
    messageId: key.id,
    phone: userOf(knownPhone),
    lid: userOf(lidJid),
    ...said,
    at: stanzaTime(String(message.messageTimestamp ?? '')),
  }
}

/** The digits of a jid. */
export function userOf(jid: string | null | undefined): string | undefined {
  return jid ? jidDecode(jid)?.user : undefined
}

type Saying = Pick<ReplyEvent, 'text' | 'quotedMessageId'>
type Contextual = { readonly contextInfo?: { readonly stanzaId?: string | null } | null }
type Part = readonly [part: Contextual | null | undefined, text?: string | null | undefined]

/** What counts as something said, and where its text stands. Reactions and housekeeping are not in the list. */
const PARTS: readonly ((content: WAMessageContent) => Part)[] = [
  ({ extendedTextMessage: part }) => [part, part?.text],
  ({ imageMessage: part }) => [part, part?.caption],
  ({ videoMessage: part }) => [part, part?.caption],
  ({ documentMessage: part }) => [part, part?.caption],
  ({ buttonsResponseMessage: part }) => [part, part?.selectedDisplayText],
  ({ templateButtonReplyMessage: part }) => [part, part?.selectedDisplayText],
  ({ listResponseMessage: part }) => [part, part?.title],
  ({ audioMessage: part }) => [part],
  ({ stickerMessage: part }) => [part],
  ({ contactMessage: part }) => [part],
  ({ locationMessage: part }) => [part],
]

function sayingOf(content: WAMessageContent): Saying | undefined {
  if (content.conversation) return { text: content.conversation, quotedMessageId: undefined }
  for (const read of PARTS) {
    const [part, text] = read(content)
    if (part) return { text: text ?? '', quotedMessageId: part.contextInfo?.stanzaId ?? undefined }
  }
  return undefined
}
