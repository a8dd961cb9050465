import { afterAll, describe, expect, test } from '@jest/globals'

import { ConsumerGone } from '../errors.ts'
import { createPublisher } from '../publish/publisher.ts'
import { eventually, freeze, makeStream, startNats } from '../test-support.ts'
import { consumerBacklog, deleteConsumer, ensureConsumer, listConsumers } from './durable-consumer.ts'
import { pullConsumer } from './pull-consumer.ts'

const context = await startNats()
afterAll(() => context.stop())

const limits = { maxAckPending: 2, ackWaitMs: 5_000 }

async function queue(keys: readonly string[] = ['a']) {
  const stream = await makeStream(context.nats, { retention: 'workqueue' })
  for (const durable of keys)
    await ensureConsumer(context.nats, { stream, durable, filter: `${stream}.${durable}`, ...limits })
  const publish = (key: string, n: number) => createPublisher(context.nats).publish(`${stream}.${key}`, { n })
  return { stream, publish }
}

describe('pullConsumer', () => {
  test('two pull one consumer: each message goes to one of them, at most two are out', async () => {
    const { stream, publish } = await queue()
    for (let n = 1; n <= 3; n += 1) await publish('a', n)
    const one = pullConsumer(context.nats, { stream, durable: 'a' })
    const other = pullConsumer(context.nats, { stream, durable: 'a' })
    const first = await one.next()
    const second = await other.next()
    expect([first?.sequence, second?.sequence]).toEqual([1, 2])
    expect(await one.next(AbortSignal.timeout(300))).toBeUndefined()
    first?.ack()
    expect((await one.next())?.sequence).toBe(3)
    one.stop()
    other.stop()
  })

  test('consumers of one work queue have their own subjects; an overlap is refused', async () => {
    const { stream, publish } = await queue(['a', 'b'])
    await publish('b', 1)
    const b = pullConsumer(context.nats, { stream, durable: 'b' })
    expect((await b.next())?.subject).toBe(`${stream}.b`)
    b.stop()
    const overlap = ensureConsumer(context.nats, { stream, durable: 'all', filter: `${stream}.>`, ...limits })
    await expect(overlap).rejects.toThrow('JetStream refused')
    expect([...(await listConsumers(context.nats, stream))].sort()).toEqual(['a', 'b'])
    expect(await consumerBacklog(context.nats, stream, 'b')).toMatchObject({ pending: 0, unacknowledged: 1 })
  })

  test('nak brings it again after the delay, term never', async () => {
    const { stream, publish } = await queue()
    await publish('a', 1)
    const puller = pullConsumer(context.nats, { stream, durable: 'a' })
    const first = await puller.next()
    expect([first?.deliveryCount, first?.redelivered]).toEqual([1, false])
    const at = performance.now()
    first?.nak(300)
    const second = await puller.next()
    expect(performance.now() - at).toBeGreaterThan(250)
    expect([second?.deliveryCount, second?.redelivered]).toEqual([2, true])
    second?.term()
    expect(await puller.next(AbortSignal.timeout(200))).toBeUndefined()
    puller.stop()
    expect(await puller.next()).toBeUndefined()
  })

  test('what was fetched for a caller that left is kept for the next one, and given back at the end', async () => {
    const { stream, publish } = await queue()
    const puller = pullConsumer(context.nats, { stream, durable: 'a' })
    expect(await puller.next(AbortSignal.timeout(100))).toBeUndefined()
    await publish('a', 1)
    await eventually(
      async () => (await consumerBacklog(context.nats, stream, 'a'))?.unacknowledged === 1,
      'the message to be fetched',
    )
    puller.stop()
    const other = pullConsumer(context.nats, { stream, durable: 'a' })
    expect((await other.next())?.sequence).toBe(1)
    other.stop()
  })

  test('a consumer that somebody else deleted is an error for the one who pulls', async () => {
    const { stream } = await queue()
    const puller = pullConsumer(context.nats, { stream, durable: 'a' })
    const waiting = puller.next()
    await deleteConsumer(context.nats, stream, 'a')
    await expect(waiting).rejects.toThrow(ConsumerGone)
    await expect(puller.next()).rejects.toThrow(ConsumerGone)
    await deleteConsumer(context.nats, stream, 'a')
    expect(await consumerBacklog(context.nats, stream, 'a')).toBeUndefined()
    puller.stop()
  })

  test('a caller that waits while the server is killed gets the next message', async () => {
    const { stream, publish } = await queue()
    const puller = pullConsumer(context.nats, { stream, durable: 'a' })
    const waiting = puller.next()
    await context.server.kill()
    await context.server.restart()
    await context.nats.whenConnected(5_000)
    await publish('a', 1)
    expect((await waiting)?.json()).toEqual({ n: 1 })
    puller.stop()
  })

  test('a caller that waits while the server is frozen gets the next message', async () => {
    const { stream, publish } = await queue()
    const puller = pullConsumer(context.nats, { stream, durable: 'a' })
    const waiting = puller.next()
    await freeze(context)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    context.server.thaw()
    await publish('a', 1)
    expect((await waiting)?.json()).toEqual({ n: 1 })
    puller.stop()
  })
})
