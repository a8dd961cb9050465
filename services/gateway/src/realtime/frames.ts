// Messages as WebSocket frames: made once, written to many.
import { type CampaignId, type LiveMessageType } from '@peyk/contracts'
import * as websocket from 'ws'

/** A message of the feed, framed. */
export interface Framed {
  readonly type: LiveMessageType
  /** Its sequence in its stream. */
  readonly sequence: number
  readonly frame: Buffer
  /** For messages that end: a QR. Milliseconds since 1970. */
  readonly expiresAt?: number
  readonly publishedAtMs: number
}

interface FrameOptions {
  readonly fin: boolean
  readonly opcode: number
  readonly mask: boolean
  readonly readOnly: boolean
  readonly rsv1: boolean
}

/** ws frames messages in a static method that its types do not tell. The payload is not copied. */
const { Sender } = websocket as unknown as {
  Sender: { readonly frame: (data: Buffer, options: FrameOptions) => Buffer[] }
}
const TEXT = 1

const textFrame = (payload: Buffer): Buffer =>
  Buffer.concat(Sender.frame(payload, { fin: true, opcode: TEXT, mask: false, readOnly: true, rsv1: false }))

/** `data` is the message's data as JSON text; what it says was checked by its writer. */
export const frameOf = (type: LiveMessageType, campaignId: CampaignId, data: Uint8Array): Buffer =>
  textFrame(
    Buffer.concat([
      Buffer.from(`{"type":"${type}","campaignId":${campaignId},"data":`),
      data,
      Buffer.from('}'),
    ]),
  )

/** The owner's heartbeat: the four letters as a text message. */
export const PING_FRAME = textFrame(Buffer.from('ping'))
