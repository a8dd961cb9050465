/** In a file of its own: a process trusts one root key, and here it is not the server's. */
import { expect, test } from '@jest/globals'
import { Curve } from '@whiskeysockets/baileys'
import { controlClient, spawnWhatsAppServer } from '@peyk/whatsapp-testserver'

import { WireSessions } from './wire-session.ts'
import { wireWorld } from './wire-world.ts'

test('a server whose certificate is not of our root is refused, before anything is told to it', async () => {
  const server = await spawnWhatsAppServer({ autoScan: false })
  const world = wireWorld(server, controlClient(server.controlUrl), {
    rootCa: Buffer.from(Curve.generateKeyPair().public).toString('base64'),
  })
  const sessions = new WireSessions(world)
  const { events } = sessions.openToLink({ method: 'qr' })
  expect(await events.next('closed')).toMatchObject({ cause: 'untrusted_server' })
  expect(events.all('qr')).toEqual([])
  await world.stop()
})
