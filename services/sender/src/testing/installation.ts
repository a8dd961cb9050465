// Senders as processes on a real NATS and the WhatsApp test server.
import { expect } from '@jest/globals'
import { campaignIdSchema, keys, liveDataSchemas, type SessionId } from '@peyk/contracts'
import { openBucket } from '@peyk/messaging'
import { eventually } from '@peyk/testing'
import { type ControlClient, controlClient, spawnWhatsAppServer } from '@peyk/whatsapp-testserver'

import { phoneOf, type TestRun } from './campaign-side.ts'
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
    /** Kills the owner of a session, and does not wait until its lease has ended by itself. */
    killOwner: async (sessionId: SessionId) => {
      const leases = openBucket(world.nats, 'leases')
      const key = keys.sessionLease(sessionId)
      const owner = await eventually(
        async () => {
          const lease = JSON.stringify((await leases.get(key))?.json())
          return senders.find(({ pid }) => lease.includes(` ${pid} `))
        },
        { deadlineMs: 30_000, what: 'an owner of the session' },
      )
      await owner.kill()
      await leases.delete(key)
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

/** Every position has its outcome, or an intent that will never have one. */
export const untilSettled = (run: TestRun, positions: readonly number[]) =>
  eventually(
    async () => {
      // First of all no job is under way: a send in hand has an intent without an outcome too.
      const backlog = await run.backlog()
      if (backlog !== 0) throw new Error(`${backlog} jobs are left`)
      const [told, unresolved] = [(await run.outcomes()).length, (await run.unresolved()).length]
      if (told + unresolved === positions.length) return true
      throw new Error(`of ${positions.length} ${told} are told and ${unresolved} unresolved`)
    },
    {
      deadlineMs: 60_000 + positions.length * 200,
      what: 'all to be sent or known as unresolved',
    },
  )

/** At most one message for each recipient, and none is missing whose send is not known as unresolved. */
export const expectNoDoubles = async (
  peyk: Installation,
  run: TestRun,
  positions: readonly number[],
  mostUnresolved: number,
) => {
  const unresolved = await run.unresolved()
  const received = await peyk.received(positions)
  expect(received.filter(({ count }) => count > 1)).toEqual([])
  expect(received.filter(({ position, count }) => count === 0 && !unresolved.includes(position))).toEqual([])
  expect(unresolved.length).toBeLessThanOrEqual(mostUnresolved)
  return { received: received.filter(({ count }) => count === 1).length, unresolved: unresolved.length }
}
