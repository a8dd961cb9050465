// The QR codes of `--whatsapp live`, drawn for the terminal in which Peyk was started.
import { liveDataSchemas } from '@peyk/contracts'
import { type Log, type Nats, orderedFeed } from '@peyk/messaging'
import { readQr } from '@peyk/whatsapp-testserver'
import QRCode from 'qrcode'

export interface TerminalQrOptions {
  readonly nats: Nats
  readonly show: (drawing: string) => void
  readonly log: Log
}

/** Draws every QR that a session offers. Ends when the signal aborts. */
export const startTerminalQr = ({ nats, show, log }: TerminalQrOptions, signal: AbortSignal): void => {
  orderedFeed(nats, {
    stream: 'LIVE_QR',
    from: 'last-per-subject',
    onMessage: async (message) => {
      const { qrCode } = liveDataSchemas.qr_code.parse(message.json())
      const drawing = await drawQr(qrCode)
      if (drawing === undefined) log.warn({}, 'a QR code could not be drawn; it is on the dashboard')
      else show(`Scan this with WhatsApp (Linked devices, Link a device):\n\n${drawing}`)
    },
    signal,
    log,
  })
}

/** The picture of a QR (a data URL) as lines of text; undefined when there is none in it. */
export const drawQr = async (picture: string): Promise<string | undefined> => {
  const text = await readQr(picture)
  return text === undefined ? undefined : QRCode.toString(text, { type: 'terminal', small: true })
}
