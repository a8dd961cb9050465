import { afterAll, afterEach, describe, expect, test } from '@jest/globals'

import { lastMessageOf, streamInfo } from '../streams/read-stream.ts'
import { createPublisher } from '../publish/publisher.ts'
import { eventually, makeStream, startNats } from '../test-support.ts'
import { consume, type ConsumeOptions, type ConsumerMessage } from './consume.ts'
import { deleteConsumer, listConsumers } from './durable-consumer.ts'

const context = await startNats()
afterAll(() => context.stop())
const running: { end: AbortController; done: Promise<void> }[] = []
afterEach(async () => {
  for (const { end, done } of running.splice(0)) {
    end.abort()
    await done
  }
})

function start(stream: string, options: Partial<ConsumeOptions> & Pick<ConsumeOptions, 'handler'>) {
  const end = new AbortController()
  const done = consume(context.nats, {
    stream,
    durable: 'worker',
    maxAckPending: 100,
    ackWaitMs: 1_000,
    backoffMs: [10, 50],
    signal: end.signal,
    ...options,
  })
  running.push({ end, done })
}

async function fill(stream: string, count: number) {
  const messages = Array.from({ length: count }, (_, n) => ({
    subject: `${stream}.a`,
    payload: { n },
    id: `${stream}${n}-${Math.random()}`,
    timeoutMs: 20_000,
  }))
  await createPublisher(context.nats).publishAll(messages)
}

describe('consume', () => {
  test('handles each message of a work queue once, several at a time', async () => {
    const stream = await makeStream(context.nats, { retention: 'workqueue' })
    await fill(stream, 500)
    const seen: number[] = []
    start(stream, {
      concurrency: 5,
      handler: async ({ sequence }) => {
        await Promise.resolve()
        seen.push(sequence)
        return 'ack'
      },
    })
    await eventually(async () => (await streamInfo(context.nats, stream)).messages === 0, 'an empty queue')
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1))
  })

  test('a failing message is tried again with growing delays, then goes to the dead letters with its reason', async () => {
    const stream = await makeStream(context.nats)
    const dead = await makeStream(context.nats)
    const options = { headers: { 'ce-id': 'e1' }, id: 'e1' }
    await createPublisher(context.nats).publish(`${stream}.a`, { n: 1 }, options)
    await fill(stream, 1)
    const deliveries: number[] = []
    const others: number[] = []
    start(stream, {
      deadLetter: { subject: `${dead}.x`, maxDeliver: 3 },
      handler: ({ sequence, deliveryCount }) => {
        if (sequence === 1) deliveries.push(deliveryCount)
        else others.push(sequence)
        return sequence === 1 ? Promise.reject(new Error('no\nuse')) : Promise.resolve('ack')
      },
    })
    await eventually(async () => (await streamInfo(context.nats, dead)).messages === 1, 'a dead letter')
    expect(deliveries).toEqual([1, 2, 3])
    expect(others).toEqual([2])
    expect(await lastMessageOf(context.nats, dead, `${dead}.x`)).toMatchObject({
      headers: {
        'ce-id': 'e1',
        'peyk-dead-reason': 'failed',
        'peyk-dead-error': 'Error: no use',
        'peyk-dead-subject': `${stream}.a`,
        'peyk-dead-stream': stream,
        'peyk-dead-sequence': '1',
        'peyk-dead-consumer': 'worker',
        'peyk-dead-deliveries': '3',
      },
    })
  })

  test('what its handler gives up goes to the dead letters at once; what it puts off comes later, not dead', async () => {
    const stream = await makeStream(context.nats)
    const dead = await makeStream(context.nats)
    await fill(stream, 2)
    const handled: string[] = []
    start(stream, {
      deadLetter: { subject: `${dead}.x`, maxDeliver: 2 },
      handler: ({ sequence, deliveryCount }) => {
        handled.push(`${sequence}/${deliveryCount}`)
        if (sequence === 1) return Promise.resolve('term')
        return Promise.resolve(deliveryCount === 1 ? { nakAfterMs: 50 } : 'ack')
      },
    })
    await eventually(() => handled.length === 3, 'both')
    expect(handled).toEqual(['1/1', '2/1', '2/2'])
    expect((await lastMessageOf(context.nats, dead, `${dead}.x`))?.headers['peyk-dead-reason']).toBe(
      'terminated',
    )
  })

  test('a message whose handlers always die is buried without another try', async () => {
    const stream = await makeStream(context.nats)
    const dead = await makeStream(context.nats)
    await fill(stream, 1)
    const deadLetter = { subject: `${dead}.x`, maxDeliver: 1 }
    const stuck = new AbortController()
    const handler = (message: ConsumerMessage) => {
      if (message.deliveryCount > 1) throw new Error('not again')
      // As a process that died: no answer and no sign of life.
      return new Promise<never>((_, reject) =>
        stuck.signal.addEventListener('abort', () => reject(new Error('end'))),
      )
    }
    start(stream, { deadLetter, handler, ackWaitMs: 200, concurrency: 2 })
    // The heartbeat is what keeps it alive; without it the server delivers again.
    await eventually(async () => (await listConsumers(context.nats, stream)).length === 1, 'the consumer')
    await context.server.kill()
    await context.server.restart()
    stuck.abort()
    await eventually(async () => (await streamInfo(context.nats, dead)).messages === 1, 'a dead letter')
  })

  test('a long handler keeps its message: nobody else gets it', async () => {
    const stream = await makeStream(context.nats)
    await fill(stream, 1)
    const deliveries: number[] = []
    start(stream, {
      ackWaitMs: 300,
      concurrency: 2,
      handler: async ({ deliveryCount }) => {
        deliveries.push(deliveryCount)
        await new Promise((resolve) => setTimeout(resolve, 1_200))
        return 'ack'
      },
    })
    await eventually(() => deliveries.length > 0, 'the delivery')
    await eventually(
      async () =>
        (await context.nats.request(`$JS.API.CONSUMER.INFO.${stream}.worker`))
          .string()
          .includes('"num_ack_pending":0'),
      'the acknowledgement',
    )
    expect(deliveries).toEqual([1])
  })

  test('goes on after its consumer was deleted and after the server was killed', async () => {
    const stream = await makeStream(context.nats, { retention: 'workqueue' })
    const seen = new Set<number>()
    start(stream, {
      concurrency: 3,
      handler: ({ sequence }) => {
        seen.add(sequence)
        return Promise.resolve('ack')
      },
    })
    await fill(stream, 20)
    await eventually(() => seen.size === 20, 'the first')
    await deleteConsumer(context.nats, stream, 'worker')
    await fill(stream, 20)
    await eventually(() => seen.size === 40, 'those after the deletion')
    const filling = fill(stream, 2_000)
    await eventually(() => seen.size > 100, 'a few of them')
    await context.server.kill()
    await context.server.restart()
    await filling
    await eventually(
      async () => (await streamInfo(context.nats, stream)).messages === 0,
      'an empty queue',
      25_000,
    )
    expect(seen.size).toBeGreaterThanOrEqual(2_040)
  })
})
