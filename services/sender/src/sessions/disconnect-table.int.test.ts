// The table of disconnects: what WhatsApp says, over the wire to real Baileys, and what a session does then.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { controlClient, spawnWhatsAppServer } from '@peyk/whatsapp-testserver'

import { baileysChannel } from '../channel/baileys/baileys-channel.ts'
import { WireSessions } from '../channel/baileys/wire-session.ts'
import { wireWorld, type WireWorld } from '../channel/baileys/wire-world.ts'
import type { ClosedEvent } from '../channel/channel.ts'
import { freshPast, nextStep, pastAfter } from './disconnect-policy.ts'

/** Without chance, after the first such end of a session that had run for a while. */
const stepAfter = (closed: ClosedEvent) =>
  nextStep(closed, pastAfter(freshPast, closed, 5 * 60_000), Date.now(), 0)

describe('a row of the table', () => {
  let world: WireWorld
  let sessions: WireSessions

  beforeAll(async () => {
    const server = await spawnWhatsAppServer({ fast: true, autoScan: false })
    world = wireWorld(server, controlClient(server.controlUrl))
    sessions = new WireSessions(world)
    await sessions.link()
  })
  beforeEach(() => world.control.clearFaults())
  afterEach(() => sessions.closeAll())
  afterAll(() => world.stop())

  test.each([
    [515, 'reconnect'],
    [503, 'reconnect'],
    [500, 'reconnect'],
    [429, 'rest'],
  ] as const)('%i ends the stream: %s', async (code, step) => {
    const { events } = await sessions.login()
    await world.control.fault({ type: 'disconnect', number: sessions.own, code })
    const closed = await events.next('closed')
    expect(closed.code).toBe(code)
    expect(stepAfter(closed)).toMatchObject(code === 515 ? { step, afterMs: 0 } : { step })
  })

  test.each([
    [401, 'wipe'],
    [402, 'stop'],
    [403, 'stop'],
    [405, 'reconnect'],
    [406, 'stop'],
    [408, 'reconnect'],
    [429, 'rest'],
    [500, 'reconnect'],
    [503, 'reconnect'],
  ] as const)('%i refuses the login: %s', async (code, step) => {
    await world.control.fault({ type: 'refuseLogin', code })
    const closed = await sessions.open().events.next('closed')
    expect(closed.code).toBe(code)
    expect(stepAfter(closed)).toMatchObject({ step })
  })

  test('428, the network breaks: back off', async () => {
    const { events } = await sessions.login()
    await world.control.fault({ type: 'disconnect', number: sessions.own })
    const closed = await events.next('closed')
    expect(closed).toMatchObject({ cause: 'connection_lost', code: 428 })
    expect(stepAfter(closed)).toEqual({ step: 'reconnect', afterMs: 1_000 })
  })

  test('408, an open connection falls silent: back off', async () => {
    const { events } = await sessions.login(baileysChannel({ ...world.options, keepAliveMs: 50 }))
    await world.control.fault({ type: 'silence', what: 'everything' })
    const closed = await events.next('closed')
    expect(closed).toMatchObject({ cause: 'connection_lost', code: 408 })
    expect(stepAfter(closed)).toMatchObject({ step: 'reconnect' })
  })

  test('440, another socket of the session took over: one delayed retry, then stop', async () => {
    const { events } = await sessions.login()
    await world.control.fault({ type: 'replaced', number: sessions.own })
    const closed = await events.next('closed')
    expect(closed).toMatchObject({ cause: 'replaced', code: 440 })
    expect(stepAfter(closed)).toEqual({ step: 'reconnect', afterMs: 30_000 })
    const once = pastAfter(freshPast, closed, 0)
    expect(nextStep(closed, pastAfter(once, closed, 0), Date.now(), 0).step).toBe('stop')
  })

  test('403, a ban ends the open connection: stop, and stopped for the next login too', async () => {
    const { events } = await sessions.login()
    await world.control.fault({ type: 'ban', number: sessions.own })
    expect(stepAfter(await events.next('closed'))).toMatchObject({ step: 'stop', told: 'banned' })
    expect(stepAfter(await sessions.open().events.next('closed'))).toMatchObject({ told: 'banned' })
  })

  test('401, the phone removed the device: wipe', async () => {
    const { events } = await sessions.login()
    await world.control.fault({ type: 'logout', number: sessions.own })
    const closed = await events.next('closed')
    expect(closed).toMatchObject({ cause: 'logged_out', code: 401 })
    expect(stepAfter(closed)).toEqual({ step: 'wipe' })
  })
})
