/** What a session prints and logs: nothing of anybody. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { controlClient, spawnWhatsAppServer } from '@peyk/whatsapp-testserver'

import { WireSessions } from './wire-session.ts'
import { wireWorld, type WireWorld } from './wire-world.ts'

// Before the channel is made, as it puts its own filter in front of these.
const printed: unknown[][] = []
for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
  jest.spyOn(console, method).mockImplementation((...parts) => void printed.push(parts))
}

let world: WireWorld
let sessions: WireSessions

beforeAll(async () => {
  const server = await spawnWhatsAppServer({ fast: true, autoScan: false })
  world = wireWorld(server, controlClient(server.controlUrl))
  sessions = new WireSessions(world)
})
afterAll(async () => {
  await sessions.closeAll()
  await world.stop()
})

test('no key, number, text or QR is printed or logged while a session links, sends, receives and reconnects', async () => {
  const output = jest.spyOn(process.stdout, 'write')
  await sessions.link()
  const { messageId, phone, text } = sessions.message()
  for (let round = 0; round < 3; round++) {
    const { connection, events } = await sessions.login()
    await connection.send({ messageId: `${messageId}${round}`, phone, text })
    await world.reply(sessions.own, phone, 'لغو', messageId)
    await events.next('reply')
    await connection.send({ messageId: `${messageId}A${round}`, phone, text })
    await connection.close()
  }
  expect(printed).toEqual([])
  expect(output).not.toHaveBeenCalled()
  expect(sessions.logged.join('\n')).not.toMatch(/\d{9,}|wa\.me|سلام|لغو/)
})
