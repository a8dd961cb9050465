import { afterEach, describe, expect, test } from '@jest/globals'

import { connectNats } from '../connection.ts'
import { type NatsServer, startNatsServer } from './start-server.ts'

let server: NatsServer
afterEach(() => server.dispose())

describe('a nats-server of our own', () => {
  test('listens on a free port and keeps it when it is started again', async () => {
    server = await startNatsServer()
    const { port, pid } = server
    expect(port).toBeGreaterThan(0)
    await server.kill()
    await server.restart()
    expect(server.port).toBe(port)
    expect(server.pid).not.toBe(pid)
  })

  test('a taken port ends the start with what the server said', async () => {
    server = await startNatsServer()
    await expect(startNatsServer({ port: server.port })).rejects.toThrow('address already in use')
  })

  test('the connection comes back after a kill and tells how long it was away', async () => {
    server = await startNatsServer()
    const nats = await connectNats({ url: server.url, name: 'test' })
    expect(nats.disconnectedForMs()).toBe(0)
    const changes: string[] = []
    const disconnected = new Promise<void>((resolve) => {
      nats.onStatus((status) => {
        changes.push(status)
        if (status === 'disconnected') resolve()
      })
    })
    await server.kill()
    await disconnected
    expect(nats.disconnectedForMs()).toBeGreaterThan(0)
    await server.restart()
    expect(await nats.whenConnected(5_000)).toBe(true)
    expect(changes).toEqual(['disconnected', 'connected'])
    await nats.close()
    await nats.close()
  })
})
