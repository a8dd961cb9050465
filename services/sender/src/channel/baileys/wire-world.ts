/** Baileys against the WhatsApp test server, for tests. */
import type { ControlClient, WhatsAppServer, WhatsAppServerOptions } from '@peyk/whatsapp-testserver'

import type { ChannelWorld } from '../channel.contract.ts'
import { baileysChannel, type BaileysChannelOptions } from './baileys-channel.ts'

export interface WireWorld extends ChannelWorld {
  /** What the channel was made with, for one that differs. */
  readonly options: BaileysChannelOptions
  /** The control door: faults, and what the phones got. */
  readonly control: ControlClient
}

/** A server whose own phone keeps silent, as a receipt of it is as good as an ack. */
export const WITHOUT_OWN_RECEIPTS: WhatsAppServerOptions = {
  fast: true,
  autoScan: false,
  receipts: { sentMs: [600_000, 600_000] },
}

/** Deadlines for tests of deadlines: what they are for happens in each. */
export const IMPATIENT: BaileysChannelOptions = { sendDeadlineMs: 1500, queryTimeoutMs: 1000 }

export function wireWorld(
  server: WhatsAppServer,
  control: ControlClient,
  overrides: BaileysChannelOptions = {},
): WireWorld {
  const options: BaileysChannelOptions = {
    url: server.url,
    rootCa: server.rootCa,
    mediaCa: server.mediaCa,
    latestVersion: () => Promise.resolve(undefined),
    ...overrides,
  }
  return {
    options,
    control,
    channel: baileysChannel(options),
    scan: async (phone, offered) => {
      await control.scan(
        offered.startsWith('https:') ? { qr: offered, number: phone } : { code: offered, phone },
      )
    },
    messagesTo: async (phone) =>
      (await control.messages(phone)).flatMap(({ id, text, count }) =>
        Array.from({ length: count }, () => ({ messageId: id, text })),
      ),
    answerWith: async (answer) => {
      await control.clearFaults()
      if (answer === 'nack463') await control.fault({ type: 'nack', code: 463 })
      if (answer === 'nothing') {
        await control.fault({ type: 'dropAck' })
        await control.fault({ type: 'noReceipts' })
      }
    },
    reply: async (own, from, text, quoted) => {
      await control.reply({ from, to: own, text, quoted })
    },
    deliver: async (own, to, messageId) => {
      await control.receipts({ number: own, from: to, messageIds: [messageId] })
    },
    disconnect: async (own, cause) => {
      if (cause === 'connection_lost') await control.fault({ type: 'disconnect', number: own })
      if (cause === 'replaced') await control.fault({ type: 'replaced', number: own })
      if (cause === 'logged_out') await control.fault({ type: 'logout', number: own })
    },
    stop: () => server.stop(),
  }
}
