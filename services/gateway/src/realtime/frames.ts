// Messages as WebSocket frames: made once, written to many.
import { type CampaignId, type LiveMessageType } from '@peyk/contracts'
import * as websocket from 'ws'

/** A message of the feed, framed. */
export interface Framed {
  readonly type: LiveMessageType
  /** Its sequence in its stream. */
  readonly sequence: number
  /** The campaign's own count; undefined for a QR. */
  readonly count: number | undefined
  readonly frame: Buffer
  /** With its position, for v2; made when the first such client needs it. */
  readonly positioned: () => Buffer
  /** For messages that end: a QR. Milliseconds since 1970. */
  readonly expiresAt?: number
  readonly publishedAtMs: number
}

/** Where a message stands, and where it comes from. */
export interface Origin {
  readonly seq: number | undefined
  readonly n: number | undefined
  readonly epoch: string | undefined
  readonly eventId: string | undefined
  readonly traceparent: string | undefined
  readonly at: string | undefined
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
  enveloped(`"type":"${type}","campaignId":${campaignId}`, data)

/** The envelope of v2: the same, and the position. */
export const positionedFrameOf = (
  type: LiveMessageType,
  campaignId: CampaignId,
  origin: Origin,
  data: Uint8Array,
): Buffer => enveloped(JSON.stringify({ type, campaignId, ...origin }).slice(1, -1), data)

const enveloped = (head: string, data: Uint8Array): Buffer =>
  textFrame(Buffer.concat([Buffer.from(`{${head},"data":`), data, Buffer.from('}')]))

/** A frame of v2 that is no message of the feed. */
export const controlFrame = (
  type: 'hello' | 'resumed' | 'token_expiring',
  campaignId: CampaignId,
  data: object,
): Buffer => textFrame(Buffer.from(JSON.stringify({ type, campaignId, data })))

/** The owner's heartbeat: the four letters as a text message. */
export const PING_FRAME = textFrame(Buffer.from('ping'))
