// The phone of a local run: it holds the QR codes that Peyk shows up to the WhatsApp test server's camera. A client's
// secret stands in the picture alone, so no other way is as true.
import { liveDataSchemas } from '@peyk/contracts'
import { type Log, type Nats, orderedFeed } from '@peyk/messaging'
import { controlClient } from '@peyk/whatsapp-testserver'

export interface TestPhoneOptions {
  readonly nats: Nats
  readonly controlUrl: string
  readonly log: Log
}

/** Shows every QR; the test server scans it after its delay. Ends when the signal aborts. */
export const startTestPhone = ({ nats, controlUrl, log }: TestPhoneOptions, signal: AbortSignal): void => {
  const control = controlClient(controlUrl)
  orderedFeed(nats, {
    stream: 'LIVE_QR',
    from: 'last-per-subject',
    onMessage: async (message) => {
      const { qrCode } = liveDataSchemas.qr_code.parse(message.json())
      try {
        await control.show({ image: qrCode })
      } catch (error) {
        // A code that was replaced in the meantime is no fault: the next one is shown.
        log.warn({ error: String(error) }, 'a QR code could not be shown to the test phone')
      }
    },
    signal,
    log,
  })
}
