import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually, temporaryFolder } from '@peyk/testing'

import { controlClient, spawnWhatsAppServer, type SpawnedWhatsAppServer } from './index.ts'
import { TestClient } from './testing/client.ts'

describe('a server with a folder', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let server: SpawnedWhatsAppServer
  const client = new TestClient()

  beforeAll(async () => {
    folder = await temporaryFolder()
    server = await start()
    await client.link(server, (qr) => controlClient(server.controlUrl).scan({ qr }))
    expect(await client.connect(server)).toBe('open')
  })
  afterEach(() => client.end())
  afterAll(async () => {
    await server.stop()
    await folder.remove()
  })

  const start = (seed?: string) =>
    spawnWhatsAppServer({ dataDir: folder.path, fast: true, ...(seed && { seed }) })

  test('killed and started again it knows its devices, sessions, messages and what waits', async () => {
    const to = '989121234567'
    await client.text(to, 'before', 'B1')
    await client.sock.sendMessage(`${to}@s.whatsapp.net`, {
      document: Buffer.from('file'),
      mimetype: 'text/plain',
    })
    await eventually(async () => (await controlClient(server.controlUrl).messages(to)).length === 2)
    await client.end()
    await controlClient(server.controlUrl).reply({ from: to, text: 'waiting' })
    const { rootCa, mediaCa } = server
    await server.kill()
    server = await start('another seed')
    expect(server).toMatchObject({ rootCa, mediaCa })

    const control = controlClient(server.controlUrl)
    expect(await control.messages(to)).toMatchObject([
      { id: 'B1', text: 'before', count: 1 },
      { kind: 'document' },
    ])
    expect(await client.connect(server)).toBe('open')
    await eventually(() => client.received.some(({ message }) => message?.conversation === 'waiting'), {
      deadlineMs: 40_000,
    })
    await client.text(to, 'after', 'B2')
    await eventually(() => client.acks.has('B2'))
    expect((await control.messages(to)).map(({ text }) => text)).toEqual(['before', '', 'after'])
    expect(await control.health()).toMatchObject({ unreadable: 0, errors: { count: 0 } })
    expect(await control.sockets(client.phone)).toMatchObject({ open: 1, maxOpen: 1 })
  })

  test('a kill in the middle of a run loses no message that was acknowledged', async () => {
    expect(await client.connect(server)).toBe('open')
    const numbers = Array.from({ length: 40 }, (_, index) => `98914${String(index + 1).padStart(7, '0')}`)
    const sending = (async () => {
      for (const to of numbers) await client.text(to, to, `K${to}`)
    })().catch(() => undefined)
    await eventually(() => client.acks.has(`K${numbers[20] ?? ''}`))
    await server.kill()
    await sending
    const acked = numbers.filter((to) => client.acks.has(`K${to}`))
    server = await start()
    const control = controlClient(server.controlUrl)
    for (const to of acked) expect(await control.messages(to)).toMatchObject([{ text: to, count: 1 }])
    expect(await client.connect(server)).toBe('open')
    for (const to of numbers) await client.text(to, 'again', `L${to}`)
    await eventually(() => client.acks.has(`L${numbers.at(-1) ?? ''}`))
    expect(await control.health()).toMatchObject({ unreadable: 0 })
  })
})

test('a taken port ends the start with a clear word', async () => {
  const server = await spawnWhatsAppServer({ fast: true })
  const port = Number(new URL(server.url).port)
  await expect(spawnWhatsAppServer({ port })).rejects.toThrow(/could not start.*EADDRINUSE/s)
  await server.stop()
  await server.stop()
})
