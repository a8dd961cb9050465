import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { campaignIdSchema, liveDataSchemas, type SessionId, sessionOutcomeSchema } from '@peyk/contracts'
import { openBucket } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import type { Channel, Connection, OpenOptions } from '../channel/channel.ts'
import { FakeWhatsApp } from '../channel/fake-channel.ts'
import { newSessionId, startWorld, tenant, type World } from '../testing/world.ts'
import type { OpenNumber } from './open-number.ts'

const campaign = campaignIdSchema.parse(1)
const other = campaignIdSchema.parse(2)

let world: World
const stops: (() => Promise<void>)[] = []

beforeAll(async () => {
  world = await startWorld()
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await world.forgetWishes()
})
afterAll(() => world.close())

const startSender = async (channel: Channel, serve?: (number: OpenNumber) => Promise<void>) => {
  const sender = await world.startSender(channel, serve)
  stops.push(sender.stop)
  return sender
}

const outcomesOf = async (sessionId: SessionId) =>
  (await world.messages('OUTCOMES', `outcomes.${tenant}.session.${sessionId}.*`)).map((message) =>
    sessionOutcomeSchema.parse(message.json()),
  )
const kindsOf = async (sessionId: SessionId) => (await outcomesOf(sessionId)).map(({ kind }) => kind)
const codesOf = (id: number) => world.messages('LIVE_QR', `live.${tenant}.${id}.qr_code`)

const untilTold = (sessionId: SessionId, kind: string, times = 1) =>
  eventually(async () => (await kindsOf(sessionId)).filter((each) => each === kind).length >= times, {
    what: `${kind} of ${sessionId}`,
  })

/** Links a new session and answers its id. */
const link = async (whatsapp: FakeWhatsApp, phone: string, sessionId = newSessionId()) => {
  await world.want(sessionId, { qrFor: [campaign] })
  await untilTold(sessionId, 'scan_qr')
  await whatsapp.scan(phone)
  await untilTold(sessionId, 'ready')
  await world.want(sessionId, { qrFor: [] })
  return sessionId
}

describe('linking', () => {
  test('[S2] the QR goes to every campaign that asked, also later, and is purged when linked', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = newSessionId()
    await world.want(sessionId, { qrFor: [campaign] })
    const [code] = await eventually(async () => ((await codesOf(1)).length === 1 ? codesOf(1) : undefined))
    expect(liveDataSchemas.qr_code.safeParse(code!.json()).success).toBe(true)
    expect(Date.parse(code!.headers['peyk-expires']!)).toBeGreaterThan(Date.now())
    expect(await codesOf(2)).toEqual([])
    await world.want(sessionId, { qrFor: [campaign, other] })
    await eventually(async () => (await codesOf(2)).length === 1)
    await whatsapp.scan('989121110001')
    await eventually(async () => (await codesOf(1)).length + (await codesOf(2)).length === 0)
    await untilTold(sessionId, 'ready')
    expect(await outcomesOf(sessionId)).toMatchObject([
      { kind: 'connecting' },
      { kind: 'scan_qr' },
      { kind: 'connecting' },
      { kind: 'ready', maskedNumber: '98912***01' },
    ])
  })

  test('a session that nobody waits for offers no code', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = newSessionId()
    await world.want(sessionId)
    await link(whatsapp, '989121110002')
    expect(await kindsOf(sessionId)).toEqual([])
  })

  test('[S3] a number that another session holds is logged out again, without a word whose it is', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const first = await link(whatsapp, '989121110003')
    const second = newSessionId()
    await world.want(second, { qrFor: [campaign] })
    await untilTold(second, 'scan_qr')
    const phone = '989121110003'
    await whatsapp.scan(phone)
    await untilTold(second, 'logged_out')
    const told = await outcomesOf(second)
    expect(told).toContainEqual(expect.objectContaining({ kind: 'disconnected', cause: 'number_in_use' }))
    expect(told.some(({ kind }) => kind === 'ready')).toBe(false)
    expect(JSON.stringify(told)).not.toContain(first)
  })

  test('[S6] unlinked: the phone forgets the device, the credentials are gone, the number is free', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = await link(whatsapp, '989121110004')
    await world.want(sessionId, { wanted: 'unlinked' })
    await untilTold(sessionId, 'logged_out')
    expect(whatsapp.isRemoved('989121110004')).toBe(true)
    expect(await world.messages('WA_KEYS', `wakeys.${sessionId}`)).toHaveLength(1)
    const holders = await openBucket(world.nats, 'numbers').entries()
    expect(holders.map((entry) => JSON.stringify(entry.json()))).not.toContain(JSON.stringify({ sessionId }))
    await eventually(
      async () => (await openBucket(world.nats, 'leases').get(`session.${sessionId}`)) === undefined,
    )
    expect((await kindsOf(sessionId)).filter((kind) => kind === 'logged_out')).toHaveLength(1)
  })

  test('[S5] logged out by the phone: the credentials are wiped and a new wish links anew', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = await link(whatsapp, '989121110005')
    await whatsapp.disconnect('989121110005', { cause: 'logged_out', code: 401 })
    await untilTold(sessionId, 'logged_out')
    await world.want(sessionId, { wanted: 'unlinked' })
    await world.want(sessionId, { qrFor: [other] })
    await untilTold(sessionId, 'scan_qr', 2)
  })
})

describe('connections', () => {
  test('[S4] a lost connection comes back, and what happens is told in order', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = await link(whatsapp, '989121110006')
    await whatsapp.disconnect('989121110006', { cause: 'connection_lost', code: 428 })
    await untilTold(sessionId, 'ready', 2)
    expect((await kindsOf(sessionId)).slice(-3)).toEqual(['disconnected', 'connecting', 'ready'])
  })

  test('[S4] a banned number stops, and is not tried again', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = await link(whatsapp, '989121110007')
    await whatsapp.disconnect('989121110007', { cause: 'banned', code: 403 })
    await untilTold(sessionId, 'banned')
    expect(whatsapp.socketsOf('989121110007')).toBe(0)
  })

  test('[S7] receipts are stored with their message ids', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = await link(whatsapp, '989121110008')
    whatsapp.receipt('989121110008', ['3EB01', '3EB02'], 'delivered')
    await untilTold(sessionId, 'receipt')
    expect(await outcomesOf(sessionId)).toContainEqual(
      expect.objectContaining({ kind: 'receipt', messageIds: ['3EB01', '3EB02'], state: 'delivered' }),
    )
  })

  test('[S1] [S10] a sender that stops hands its session to the other at once; there are never two sockets', async () => {
    const whatsapp = countingSockets(new FakeWhatsApp())
    const first = await startSender(whatsapp.channel)
    const sessionId = await link(whatsapp.fake, '989121110009')
    await startSender(whatsapp.channel)
    const startedAt = performance.now()
    await first.stop()
    await untilTold(sessionId, 'ready', 2)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(whatsapp.most()).toBe(1)
  })

  test('[S10] the send in hand is waited for before the socket is closed', async () => {
    const whatsapp = new FakeWhatsApp()
    const sent = Promise.withResolvers<undefined>()
    let servedSocketsAtEnd = -1
    const sender = await startSender(whatsapp, async (number) => {
      await new Promise((resolve) => number.draining.addEventListener('abort', resolve))
      await sent.promise
      servedSocketsAtEnd = whatsapp.socketsOf('989121110010')
    })
    await link(whatsapp, '989121110010')
    const stopped = sender.stop()
    sent.resolve(undefined)
    await stopped
    expect(servedSocketsAtEnd).toBe(1)
    expect(whatsapp.socketsOf('989121110010')).toBe(0)
  })

  test('[S1] an owner whose lease was taken closes its socket; its credentials are fenced', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = await link(whatsapp, '989121110011')
    await openBucket(world.nats, 'leases').put(`session.${sessionId}`, { owner: 'another', token: 'x' })
    await eventually(() => whatsapp.socketsOf('989121110011') === 0)
    await openBucket(world.nats, 'leases').delete(`session.${sessionId}`)
    await untilTold(sessionId, 'ready', 2)
  })

  test('[S9] NATS away for 10 s: no socket; back: the socket comes back, and the QR of another is shown again', async () => {
    const whatsapp = new FakeWhatsApp()
    await startSender(whatsapp)
    const sessionId = await link(whatsapp, '989121110012')
    const linking = newSessionId()
    await world.want(linking, { qrFor: [campaign] })
    await eventually(async () => (await codesOf(1)).length === 1)
    await world.server.stop()
    await eventually(() => whatsapp.socketsOf('989121110012') === 0, { deadlineMs: 15_000 })
    await world.server.restart()
    await world.makeStreams()
    await untilTold(sessionId, 'ready', 2)
    await eventually(async () => (await codesOf(1)).length === 1)
  }, 60_000)
})

/** Watches how many connections of the channel are open at the same time. */
const countingSockets = (fake: FakeWhatsApp) => {
  let open = 0
  let most = 0
  const channel: Channel = {
    open: (options: OpenOptions): Connection =>
      fake.open({
        ...options,
        onEvent: (event) => {
          if (event.type === 'connecting') most = Math.max(most, (open += 1))
          if (event.type === 'closed') open -= 1
          options.onEvent(event)
        },
      }),
  }
  return { fake, channel, most: () => most }
}
