import { connect as connectSocket } from 'node:net'
import { once } from 'node:events'

import { UnavailableError } from '@eventstore/db-client'
import { describe, expect, test } from '@jest/globals'
import { temporaryFolder } from '@peyk/testing'

import { spawnEventStore } from './spawn.ts'
import { startEventStoreServer } from './start.ts'
import { connect, counted, countsOf } from './testing/client.ts'

describe('the admin door', () => {
  test('tells health and metrics', async () => {
    const server = await startEventStoreServer({ adminPort: 0 })
    try {
      await using connection = connect(server.url)
      await connection.client.appendToStream('a', [counted(1), counted(2)])
      await countsOf(connection.client.readStream('a'))
      const get = async (path: string) => fetch(`http://127.0.0.1:${server.adminPort}${path}`)
      expect((await get('/livez')).status).toBe(200)
      expect((await get('/readyz')).status).toBe(200)
      expect((await get('/elsewhere')).status).toBe(404)
      const metrics = await (await get('/metrics')).text()
      expect(metrics).toContain('eventstore_appends_total{outcome="written"} 1')
      expect(metrics).toContain('eventstore_events_written_total 2')
      expect(metrics).toContain('eventstore_events_delivered_total{kind="stream"} 2')
      expect(metrics).toContain('eventstore_position 2')
    } finally {
      await server.close()
    }
  })
})

describe('a stop', () => {
  test('tells subscribers, answers appends in hand, and frees the port', async () => {
    const server = await startEventStoreServer()
    await using connection = connect(server.url)
    const { client } = connection
    const subscription = client.subscribeToStream('a')
    await once(subscription, 'confirmation')
    const ended = countsOf(subscription)
    await client.appendToStream('a', counted(1))
    const inHand = Array.from({ length: 20 }, (_, n) => client.appendToStream('b', counted(n)).catch(String))
    await Promise.all([expect(ended).rejects.toThrow(UnavailableError), server.close(), server.close()])
    await Promise.all(inHand)
    const socket = connectSocket(server.port, '127.0.0.1')
    const [error]: unknown[] = await once(socket, 'error').catch((refused: unknown) => [refused])
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('of a process takes in what was acknowledged', async () => {
    await using folder = await temporaryFolder()
    const store = await spawnEventStore({ dataDir: folder.path })
    {
      await using connection = connect(store.url)
      await connection.client.appendToStream('a', counted(1))
    }
    await Promise.all([store.stop(), store.stop()])
    const again = await spawnEventStore({ dataDir: folder.path })
    await using connection = connect(again.url)
    expect(await countsOf(connection.client.readStream('a'))).toEqual([1])
    await again.stop()
  })
})

test('a second server in the same directory does not start', async () => {
  await using folder = await temporaryFolder()
  const store = await spawnEventStore({ dataDir: folder.path })
  await expect(spawnEventStore({ dataDir: folder.path })).rejects.toThrow(/another server/)
  await store.kill()
  const next = await spawnEventStore({ dataDir: folder.path })
  await next.stop()
})
