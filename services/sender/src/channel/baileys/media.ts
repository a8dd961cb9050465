/** Encrypts and uploads an attachment, and makes messages of it. */
import {
  extractImageThumb,
  prepareWAMessageMedia,
  proto,
  type AnyMediaMessageContent,
  type WASocket,
} from '@whiskeysockets/baileys'

import { MediaUploadError, type MediaFile, type MessageContent, type PreparedMedia } from '../channel.ts'

const UPLOAD_TIMEOUT_MS = 120_000
/** WhatsApp's own links say when they end; one that does not is trusted for a week. */
const DEFAULT_LIFE_MS = 7 * 24 * 60 * 60 * 1000

/** Uploads an attachment; throws MediaUploadError. */
export async function uploadMedia(sock: WASocket, media: MediaFile): Promise<PreparedMedia> {
  const content = await contentOf(media)
  try {
    const message = await prepareWAMessageMedia(content, {
      upload: sock.waUploadToServer,
      mediaUploadTimeoutMs: UPLOAD_TIMEOUT_MS,
    })
    return {
      kind: media.kind,
      content: proto.Message.encode(message).finish(),
      expiresAt: expiryOf(attachmentOf(message)?.directPath),
    }
  } catch (cause) {
    throw new MediaUploadError('WhatsApp did not take the attachment', { cause })
  }
}

/**
 * The preview is made here: Baileys would keep the plain file on disk for it, and run ffmpeg on a video (which gets
 * none).
 */
async function contentOf({ kind, content, mimeType, fileName }: MediaFile): Promise<AnyMediaMessageContent> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  switch (kind) {
    case 'image': {
      const preview = await previewOf(bytes)
      return { image: bytes, mimetype: mimeType, ...preview }
    }
    case 'video':
      return { video: bytes, mimetype: mimeType, jpegThumbnail: '' }
    case 'document':
      return { document: bytes, mimetype: mimeType, fileName }
  }
}

async function previewOf(bytes: Buffer): Promise<{ jpegThumbnail: string; width: number; height: number }> {
  try {
    const { buffer, original } = (await extractImageThumb(bytes)) as Thumbnail
    return { jpegThumbnail: buffer.toString('base64'), width: original.width, height: original.height }
  } catch (cause) {
    throw new MediaUploadError('The picture cannot be read', { cause })
  }
}

interface Thumbnail {
  readonly buffer: Buffer
  readonly original: { readonly width: number; readonly height: number }
}

/** What goes over the wire: the text itself (no link is fetched for a preview), or the attachment with a caption. */
export function messageOf({ text, media }: MessageContent): proto.Message {
  if (!media) return proto.Message.create({ extendedTextMessage: { text } })
  const message = proto.Message.decode(media.content)
  const attachment = attachmentOf(message)
  if (attachment && text !== '') attachment.caption = text
  return message
}

function attachmentOf(
  message: proto.IMessage,
): proto.Message.IImageMessage | proto.Message.IVideoMessage | proto.Message.IDocumentMessage | undefined {
  return message.imageMessage ?? message.videoMessage ?? message.documentMessage ?? undefined
}

/** The end of an uploaded file's life, which its path carries as `oe`, seconds in hexadecimal. */
function expiryOf(directPath: string | null | undefined): Date {
  const seconds = parseInt(/[?&]oe=([0-9a-f]+)/i.exec(directPath ?? '')?.[1] ?? '', 16)
  return new Date(seconds > 0 ? seconds * 1000 : Date.now() + DEFAULT_LIFE_MS)
}
