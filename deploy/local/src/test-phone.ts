// The phone of a local run: it looks at the QR codes that Peyk shows, reads the image as a camera would, and scans it
// with the WhatsApp test server. A client's secret stands in the picture alone, so no other way is as true.
import { liveDataSchemas } from '@peyk/contracts'
import { type Log, type Nats, orderedFeed } from '@peyk/messaging'
import decodeQr from 'qr/decode.js'
import sharp from 'sharp'

export interface TestPhoneOptions {
  readonly nats: Nats
  readonly controlUrl: string
  /** How long the phone's owner takes. */
  readonly scanAfterMs: number
  readonly log: Log
}

const READ_WITHIN_MS = 2_000

/** The text of a QR code in a PNG data URL. Throws when there is none. */
export const readQr = async (pngDataUrl: string): Promise<string> => {
  const png = Buffer.from(pngDataUrl.slice(pngDataUrl.indexOf(',') + 1), 'base64')
  const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  return decodeQr({ width: info.width, height: info.height, data }, { timeLimit: READ_WITHIN_MS })
}

/** Scans every new QR once; ends when the signal aborts. */
export const startTestPhone = (options: TestPhoneOptions, signal: AbortSignal): void => {
  const { controlUrl, scanAfterMs, log } = options
  const seen = new Set<string>()

  const scan = async (qr: string): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, scanAfterMs))
    const answer = await fetch(new URL('/scan', controlUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ qr }),
    })
    if (!answer.ok) throw new Error(`the test server refused the scan: ${answer.status}`)
    log.info({}, 'the test phone scanned a QR code')
  }
  orderedFeed(options.nats, {
    stream: 'LIVE_QR',
    from: 'last-per-subject',
    onMessage: async (message) => {
      const { qrCode } = liveDataSchemas.qr_code.parse(message.json())
      const qr = await readQr(qrCode)
      if (seen.has(qr)) return
      seen.add(qr)
      // A code that was replaced in the meantime is no fault: the next one is scanned.
      scan(qr).catch((error: unknown) => log.warn({ error: String(error) }, 'a QR code could not be scanned'))
    },
    signal,
    log,
  })
}
