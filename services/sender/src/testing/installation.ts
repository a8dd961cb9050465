// Senders as processes on a real NATS and the WhatsApp test server.
import { campaignIdSchema, liveDataSchemas, type SessionId } from '@peyk/contracts'
import { eventually } from '@peyk/testing'
import { type ControlClient, controlClient, spawnWhatsAppServer } from '@peyk/whatsapp-testserver'

import { phoneOf } from './campaign-side.ts'
import { type SenderProcess, spawnSender } from './sender-process.ts'
import { CREDENTIALS_KEYS, newSessionId, startWorld, tenant, type World } from './world.ts'

const LINKING = campaignIdSchema.parse(999)

let numbers = 0

/** How often a session has said so. */
export const told = async (world: World, sessionId: SessionId, kind: string): Promise<number> =>
  (await world.messages('OUTCOMES', `outcomes.${tenant}.session.${sessionId}.${kind}`)).length

/** Links a new number: its phone scans the picture that is shown. */
export const linkNumber = async (world: World, control: ControlClient) => {
  const sessionId = newSessionId()
  const own = String(989_120_000_100 + (numbers += 1))
  await world.want(sessionId, { qrFor: [LINKING] })
  const image = await eventually(async () => {
    const [message] = await world.messages('LIVE_QR', `live.${tenant}.${LINKING}.qr_code`)
    return message && liveDataSchemas.qr_code.parse(message.json()).qrCode
  })
  await control.scan({ image, number: own })
  await eventually(async () => (await told(world, sessionId, 'ready')) === 1, { deadlineMs: 20_000 })
  await world.want(sessionId)
  return { sessionId, own }
}

export type Installation = Awaited<ReturnType<typeof startInstallation>>

export const startInstallation = async () => {
  const world = await startWorld()
  const whatsapp = await spawnWhatsAppServer({ fast: true, autoScan: false })
  const control = controlClient(whatsapp.controlUrl)
  const senders: SenderProcess[] = []
  const logged: string[] = []

  return {
    world,
    control,
    told: (sessionId: SessionId, kind: string) => told(world, sessionId, kind),
    /** What all senders logged that were stopped. */
    logged,
    startSender: async () => {
      const sender = await spawnSender({
        NATS_URL: world.server.url,
        WHATSAPP_URL: whatsapp.url,
        WHATSAPP_ROOT_CA: whatsapp.rootCa,
        CREDENTIALS_KEYS,
        PACING_MIN_INTERVAL: '0.01s',
        PACING_CAPS: 'off',
      })
      senders.push(sender)
      return sender
    },
    link: () => linkNumber(world, control),
    /** How often each position got a message, and the texts that came. */
    received: async (positions: readonly number[]) => {
      const all = new Map((await control.allMessages()).map(({ number, messages }) => [number, messages]))
      return positions.map((position) => {
        const messages = all.get(phoneOf(position)) ?? []
        const count = messages.reduce((sum, message) => sum + message.count, 0)
        return { position, count, texts: messages.map(({ text }) => text) }
      })
    },
    /** Stops the senders and forgets the sessions. */
    reset: async () => {
      for (const sender of senders.splice(0)) {
        await sender.stop()
        logged.push(...sender.lines)
      }
      await world.forgetWishes()
      await control.clearFaults()
    },
    close: async () => {
      await whatsapp.stop()
      await world.close()
    },
  }
}

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)
