import { setImmediate as nextTurn } from 'node:timers/promises'

import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawnEventStore } from '@peyk/eventstore-embedded'
import { eventually, watchLeaks } from '@peyk/testing'

import { collect, idsOf, listen, newEvent, newEvents, newName } from '../contract/contract-context.ts'
import { faultyLink } from '../contract/faulty-link.ts'
import { EventStoreUnavailable } from '../event-store-errors.ts'
import { connectEventStore } from './connect-event-store.ts'

let server: Awaited<ReturnType<typeof spawnEventStore>>

beforeAll(async () => {
  server = await spawnEventStore()
})

afterAll(() => server.stop())

test('another client of the process that loses its server does no harm', async () => {
  await using link = await faultyLink(server.url)
  const store = connectEventStore(server.url)
  const other = EventStoreDBClient.connectionString(link.url)
  const name = newName()
  for (let round = 0; round < 3; round += 1) {
    await other.appendToStream(name, jsonEvent({ type: 'Tested', data: {} }))
    const appending = Array.from({ length: 300 }, (_, index) =>
      store.append(`${name}-${index}`, newEvents(1), { expectedRevision: 'any' }),
    )
    await nextTurn()
    link.cut()
    await Promise.all(appending)
  }
  await other.dispose()
  await store.close()
})

test('a subscription that fell silent is opened again, and loses and doubles nothing', async () => {
  const store = connectEventStore(server.url, { subscriptionIdleMs: 100 })
  const name = newName()
  const listener = listen(store, { streamPrefixes: [name], after: 'end' })
  const ids: (string | undefined)[] = []
  for (let round = 1; round <= 3; round += 1) {
    const caughtUp = () => listener.messages.filter(({ kind }) => kind === 'caughtUp').length
    await eventually(() => caughtUp() > round, { what: 'the subscription to be opened again' })
    const events = newEvents(2)
    ids.push(...idsOf(events))
    await store.append(name, events, { expectedRevision: 'any' })
    await eventually(() => listener.events.length === round * 2)
  }
  expect(idsOf(listener.events)).toEqual(ids)
  await listener.stop()
  await store.close()
})

test('more appends than may wait at once take turns', async () => {
  const store = connectEventStore(server.url, { maxPendingBytes: 4_000 })
  const name = newName()
  const appending = Array.from({ length: 40 }, () =>
    store.append(name, [newEvent('x'.repeat(1_000))], { expectedRevision: 'any' }),
  )
  await Promise.all(appending)
  expect(await store.headOf(name)).toMatchObject({ revision: 39n })
  await store.close()
})

describe('closing', () => {
  test('leaves nothing open, also after reads that were left early, and another connection may follow', async () => {
    const leaks = watchLeaks()
    for (let round = 0; round < 2; round += 1) {
      const store = connectEventStore(server.url)
      const name = newName()
      await store.append(name, newEvents(3), { expectedRevision: 'no-stream' })
      for await (const event of store.readStream(name)) {
        // The whole answer is here by the time the reader leaves.
        await store.health()
        if (event.revision === 1n) break
      }
      const startedAt = performance.now()
      await store.close()
      await store.close()
      expect(performance.now() - startedAt).toBeLessThan(900)
    }
    await leaks.expectNone()
  })

  test('ends subscriptions and reads in hand, and refuses what comes after', async () => {
    const store = connectEventStore(server.url)
    const name = newName()
    await store.append(name, newEvents(500), { expectedRevision: 'no-stream' })
    const listener = listen(store, { streamPrefixes: [name] })
    await eventually(() => listener.events.length === 500)
    const reading = store.readStream(name)[Symbol.asyncIterator]()
    await reading.next()
    await store.close()
    await listener.stop()
    await expect(collect({ [Symbol.asyncIterator]: () => reading })).rejects.toBeInstanceOf(
      EventStoreUnavailable,
    )
    await expect(store.health()).rejects.toBeInstanceOf(EventStoreUnavailable)
    const appending = store.append(name, newEvents(1), { expectedRevision: 'any' })
    await expect(appending).rejects.toBeInstanceOf(EventStoreUnavailable)
  })

  test('without a server, requests say so at once, and a close is quick', async () => {
    const store = connectEventStore('esdb://127.0.0.1:9?tls=false', { appendTimeoutMs: 300 })
    const startedAt = performance.now()
    await expect(store.health()).rejects.toBeInstanceOf(EventStoreUnavailable)
    const appending = store.append(newName(), newEvents(1), { expectedRevision: 'any' })
    await expect(appending).rejects.toBeInstanceOf(EventStoreUnavailable)
    const listener = listen(store, { streamPrefixes: ['a-'] })
    await store.close()
    await listener.stop()
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })
})
