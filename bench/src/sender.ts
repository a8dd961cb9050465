// The figures of the sender: real Baileys against the WhatsApp test server, which is a process of its own, as is NATS.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { campaignIdSchema, liveDataSchemas } from '@peyk/contracts'
import { eventually } from '@peyk/testing'
import { type ControlClient, controlClient, spawnWhatsAppServer } from '@peyk/whatsapp-testserver'

import { TestClient } from '../../libs/whatsapp-testserver/src/testing/client.ts'
import { baileysChannel } from '../../services/sender/src/channel/baileys/baileys-channel.ts'
import { WireSessions } from '../../services/sender/src/channel/baileys/wire-session.ts'
import { wireWorld } from '../../services/sender/src/channel/baileys/wire-world.ts'
import type { Channel } from '../../services/sender/src/channel/channel.ts'
import { phoneOf, startRun } from '../../services/sender/src/testing/campaign-side.ts'
import { spawnSender } from '../../services/sender/src/testing/sender-process.ts'
import {
  CREDENTIALS_KEYS,
  newSessionId,
  startWorld,
  tenant,
  type World,
} from '../../services/sender/src/testing/world.ts'
import { workedMicros } from './gateway/load-process.ts'
import { report } from './report.ts'

const SESSIONS = Number(process.env['BENCH_SESSIONS'] ?? 200)
const LINKED_TOGETHER = 10
const MESSAGES = 300
const RECONNECTS = Number(process.env['BENCH_RECONNECTS'] ?? 1_000)
const WARM_UP_RECONNECTS = 100
const LINKING = campaignIdSchema.parse(999)
const PATIENCE = { deadlineMs: 300_000 }
const MiB = 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

export async function run(): Promise<void> {
  const whatsapp = await spawnWhatsAppServer({ fast: true, autoScan: false })
  const control = controlClient(whatsapp.controlUrl)
  try {
    await costOfAMessage(whatsapp, control)
    await reconnects(whatsapp, control)
    await idleSessions(whatsapp, control)
  } finally {
    await whatsapp.stop()
  }
}

type WhatsApp = Awaited<ReturnType<typeof spawnWhatsAppServer>>

/** Whole sessions: lease, credentials in NATS, socket, dispatcher. */
async function idleSessions(whatsapp: WhatsApp, control: ControlClient): Promise<void> {
  const world = await startWorld()
  const sender = await world.startDispatchingSender(scannedAtOnce(baileysChannel(whatsapp), control))
  const linkTo = async (count: number) => {
    for (let linked = await readySessions(world); linked < count; linked = await readySessions(world)) {
      const more = Math.min(LINKED_TOGETHER, count - linked)
      for (let n = 0; n < more; n += 1) await world.want(newSessionId(), { qrFor: [LINKING] })
      await eventually(async () => (await readySessions(world)) >= linked + more, PATIENCE)
    }
  }
  await linkTo(LINKED_TOGETHER)
  const before = restingMemory()
  await linkTo(LINKED_TOGETHER + SESSIONS)
  const { rss, heapUsed } = restingMemory()
  report(`${SESSIONS} idle sessions: RSS for each`, (rss - before.rss) / SESSIONS / MiB, 'MiB', '<= 1.5')
  report(`${SESSIONS} idle sessions: heap for each`, (heapUsed - before.heapUsed) / SESSIONS / MiB, 'MiB')
  await sender.stop()
  await world.close()
}

/** A phone that sees each QR scans it. */
function scannedAtOnce(channel: Channel, control: ControlClient): Channel {
  let numbers = 0
  return {
    open: (options) =>
      channel.open({
        ...options,
        onEvent: (event) => {
          options.onEvent(event)
          if (event.type !== 'qr') return
          const number = String(989_360_000_001 + (numbers += 1))
          control.scan({ qr: event.text, number }).catch(() => undefined)
        },
      }),
  }
}

const readySessions = async (world: World): Promise<number> =>
  (await world.messages('OUTCOMES', `outcomes.${tenant}.session.*.ready`)).length

/** What is left when garbage is collected. */
function restingMemory(): NodeJS.MemoryUsage {
  for (let round = 0; round < 5; round += 1) collectGarbage()
  return process.memoryUsage()
}

/** To contacts that are known already, one after the other: a sender process, and Baileys alone in this process. */
async function costOfAMessage(whatsapp: WhatsApp, control: ControlClient): Promise<void> {
  const pipeline = await costOfThePipeline(whatsapp, control)
  const bare = await costOfBaileys(whatsapp, control)
  report('a message through the sender: processor time', pipeline, 'ms')
  report('a message through Baileys alone: processor time', bare, 'ms')
  report('the cost of our pipeline over bare Baileys', pipeline - bare, 'ms', '<= 2')
}

async function costOfThePipeline(whatsapp: WhatsApp, control: ControlClient): Promise<number> {
  const world = await startWorld()
  const sender = await spawnSender({
    NATS_URL: world.server.url,
    WHATSAPP_URL: whatsapp.url,
    WHATSAPP_ROOT_CA: whatsapp.rootCa,
    CREDENTIALS_KEYS,
    PACING_MIN_INTERVAL: '0.001s',
    PACING_CAPS: 'off',
  })
  const sessionId = newSessionId()
  await world.want(sessionId, { qrFor: [LINKING] })
  const image = await eventually(async () => {
    const [message] = await world.messages('LIVE_QR', `live.${tenant}.${LINKING}.qr_code`)
    return message && liveDataSchemas.qr_code.parse(message.json()).qrCode
  }, PATIENCE)
  await control.scan({ image, number: '989360990001' })
  await eventually(async () => (await readySessions(world)) === 1, PATIENCE)
  const sendToAll = async () => {
    const campaign = await startRun(world, sessionId, { intervalMs: 1 })
    await campaign.publish(Array.from({ length: MESSAGES }, (_, index) => index + 1))
    await eventually(async () => (await campaign.outcomes()).length === MESSAGES, PATIENCE)
  }
  await sendToAll()
  const before = workedMicros(Number(sender.pid))
  await sendToAll()
  const worked = workedMicros(Number(sender.pid)) - before
  await sender.stop()
  await world.close()
  return worked / 1_000 / MESSAGES
}

async function costOfBaileys(whatsapp: WhatsApp, control: ControlClient): Promise<number> {
  const client = new TestClient()
  await client.link(whatsapp, (qr) => control.scan({ qr, number: '989360990002' }))
  await client.connect(whatsapp)
  let sent = 0
  const sendToAll = async () => {
    for (let position = 1; position <= MESSAGES; position += 1) {
      const messageId = `3EB0${(sent += 1).toString(16).toUpperCase().padStart(18, '0')}`
      const acknowledged = new Promise((resolve) => {
        client.sock.ws.once(`CB:ack,id:${messageId}`, resolve)
      })
      await client.text(phoneOf(position), `سلام نام ${position}`, messageId)
      await acknowledged
    }
  }
  await sendToAll()
  const before = process.cpuUsage()
  await sendToAll()
  const { user, system } = process.cpuUsage(before)
  await client.end()
  return (user + system) / 1_000 / MESSAGES
}

async function reconnects(whatsapp: WhatsApp, control: ControlClient): Promise<void> {
  const sessions = new WireSessions(wireWorld(whatsapp, control))
  await sessions.link()
  const reconnect = async (times: number) => {
    for (let n = 0; n < times; n += 1) {
      await sessions.login()
      await sessions.closeAll()
      sessions.logged.length = 0
    }
    return restingMemory().heapUsed
  }
  const before = await reconnect(WARM_UP_RECONNECTS)
  const after = await reconnect(RECONNECTS)
  report(`${RECONNECTS} reconnects: heap grown`, (after - before) / MiB, 'MiB', '<= 1')
}
