/** How connections end besides the table of disconnects (sessions/disconnect-table.int.test.ts), and what they leave behind. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { watchLeaks } from '@peyk/testing'
import { controlClient, spawnWhatsAppServer } from '@peyk/whatsapp-testserver'

import { baileysChannel } from './baileys-channel.ts'
import { WireSessions } from './wire-session.ts'
import { wireWorld, type WireWorld } from './wire-world.ts'

describe('the end of a connection', () => {
  let world: WireWorld
  let sessions: WireSessions
  let pid: number

  beforeAll(async () => {
    const server = await spawnWhatsAppServer({ fast: true, autoScan: false })
    pid = server.pid
    world = wireWorld(server, controlClient(server.controlUrl))
    sessions = new WireSessions(world)
    await sessions.link()
  })
  beforeEach(() => world.control.clearFaults())
  afterEach(() => sessions.closeAll())
  afterAll(() => world.stop())

  test('a server that says nothing any more is a lost connection', async () => {
    const impatient = baileysChannel({ ...world.options, keepAliveMs: 50, openTimeoutMs: 300 })
    await world.control.fault({ type: 'silence', what: 'everything' })
    const { events } = sessions.open({}, impatient)
    expect(await events.next('closed')).toMatchObject({ cause: 'connection_lost' })
  })

  test('a server that freezes is a lost connection, without the wait for its farewell', async () => {
    const channel = baileysChannel({ ...world.options, keepAliveMs: 50 })
    const { connection, events } = await sessions.login(channel)
    process.kill(pid, 'SIGSTOP')
    try {
      const sending = connection.send(sessions.message())
      expect(await events.next('closed')).toMatchObject({ cause: 'connection_lost' })
      expect(await sending).toMatchObject({ outcome: 'not_handed_over' })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  test('closing while the server is frozen takes no longer than its grace', async () => {
    const { connection, events } = await sessions.login()
    process.kill(pid, 'SIGSTOP')
    try {
      await connection.close()
      expect(events.last()).toEqual({ type: 'closed', cause: 'stopped' })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  test('a temporary ban tells its end', async () => {
    await world.control.fault({ type: 'refuseLogin', code: 402, seconds: 3600 })
    const { until } = await sessions.open().events.next('closed')
    expect(Math.abs((until?.getTime() ?? 0) - Date.now() - 3_600_000)).toBeLessThan(10_000)
  })

  test('a server that is not there is a lost connection', async () => {
    const nowhere = baileysChannel({ ...world.options, url: 'ws://127.0.0.1:1/ws/chat' })
    const { events } = sessions.open({}, nowhere)
    expect(await events.next('closed')).toMatchObject({ cause: 'connection_lost' })
  })

  test('after 405 the next connection asks for the newest version, once', async () => {
    let asked = 0
    const channel = baileysChannel({
      ...world.options,
      latestVersion: () => {
        asked++
        return Promise.resolve([2, 3000, 1_099_999_999])
      },
    })
    await world.control.fault({ type: 'refuseLogin', code: 405 })
    const { events } = sessions.open({}, channel)
    await events.next('closed')
    expect(asked).toBe(0)
    await world.control.clearFaults()
    for (let round = 0; round < 2; round++) await (await sessions.login(channel)).connection.close()
    expect(asked).toBe(1)
  })

  test('a second socket replaces the first', async () => {
    const first = await sessions.login()
    await sessions.login()
    expect(await first.events.next('closed')).toMatchObject({ cause: 'replaced' })
  })

  test('a refused write ends the socket: fenced, or the store failed', async () => {
    const fenced = await sessions.login()
    sessions.credentials.fence()
    expect(await fenced.connection.send(sessions.message())).toMatchObject({ outcome: 'not_handed_over' })
    expect(await fenced.events.next('closed')).toEqual({ type: 'closed', cause: 'fenced' })

    sessions.credentials.failure = undefined
    const unstored = await sessions.login()
    sessions.credentials.failure = new Error('The store is away')
    expect(await unstored.connection.send(sessions.message())).toMatchObject({ outcome: 'not_handed_over' })
    expect(await unstored.events.next('closed')).toEqual({ type: 'closed', cause: 'store_failed' })
    sessions.credentials.failure = undefined
  })

  test('nothing is left of a closed connection: no socket, no timer', async () => {
    const leaks = watchLeaks()
    const { connection } = await sessions.login()
    await connection.send(sessions.message())
    await world.control.fault({ type: 'silence', what: 'usync' })
    const hanging = connection.send(sessions.message())
    await connection.close()
    expect(await hanging).toMatchObject({ outcome: 'not_handed_over' })
    await leaks.expectNone({ deadlineMs: 500 })
  })

  test('nothing is left of a link that was given up', async () => {
    const leaks = watchLeaks()
    const { connection, events } = sessions.openToLink({ method: 'qr' })
    await events.next('qr')
    await connection.close()
    await leaks.expectNone({ deadlineMs: 500 })
  })
})
