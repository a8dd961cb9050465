/** What a recipient sees of a message. */
import { normalizeMessageContent, type MediaType, type proto } from '@whiskeysockets/baileys'

import type { AnnouncedFile, AttachmentReader } from '../media/attachment.ts'
import type { MessageKind, ReceivedMedia, ReceivedMessage } from '../phones/inbox.ts'

type Reading = Pick<ReceivedMessage, 'kind' | 'text' | 'media' | 'quotedMessageId'>

/** The parts of the messages that carry a file. */
interface FilePart {
  readonly caption?: string | null
  readonly mimetype?: string | null
  readonly fileName?: string | null
  readonly directPath?: string | null
  readonly mediaKey?: Uint8Array | null
  readonly fileSha256?: Uint8Array | null
  readonly fileEncSha256?: Uint8Array | null
  readonly contextInfo?: proto.IContextInfo | null
}

type FileKind = Extract<MessageKind, MediaType>

/** Reads a decrypted message, and its attachment if it has one. */
export async function readMessage(message: proto.IMessage, attachments: AttachmentReader): Promise<Reading> {
  const content = normalizeMessageContent(message)
  if (content?.conversation) return { kind: 'text', text: content.conversation }
  const extended = content?.extendedTextMessage
  if (extended) return { kind: 'text', text: extended.text ?? '', ...quoteOf(extended.contextInfo) }
  const file = fileOf(content)
  if (!file) return { kind: 'other', text: '' }
  const [kind, part] = file
  const media = await readMedia(kind, part, attachments)
  return { kind, text: part.caption ?? '', media, ...quoteOf(part.contextInfo) }
}

function fileOf(content: proto.IMessage | undefined): [FileKind, FilePart] | undefined {
  if (content?.imageMessage) return ['image', content.imageMessage]
  if (content?.videoMessage) return ['video', content.videoMessage]
  if (content?.audioMessage) return ['audio', content.audioMessage]
  if (content?.documentMessage) return ['document', content.documentMessage]
  if (content?.stickerMessage) return ['sticker', content.stickerMessage]
  return undefined
}

async function readMedia(
  type: FileKind,
  part: FilePart,
  attachments: AttachmentReader,
): Promise<ReceivedMedia> {
  const file = announced(type, part)
  const opened = file
    ? await attachments.open(file)
    : { problem: 'the message does not say where the file is' }
  return { mimeType: part.mimetype ?? '', ...(part.fileName && { fileName: part.fileName }), ...opened }
}

function announced(type: FileKind, part: FilePart): AnnouncedFile | undefined {
  const { directPath, mediaKey, fileSha256, fileEncSha256 } = part
  if (!directPath || !mediaKey || !fileSha256 || !fileEncSha256) return undefined
  return { type, directPath, mediaKey, fileSha256, fileEncSha256 }
}

function quoteOf(context: proto.IContextInfo | null | undefined): { quotedMessageId?: string } {
  return context?.stanzaId ? { quotedMessageId: context.stanzaId } : {}
}
