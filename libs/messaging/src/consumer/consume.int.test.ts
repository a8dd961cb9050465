import { afterAll, afterEach, describe, expect, test } from '@jest/globals'

import { lastMessageOf, streamInfo } from '../streams/read-stream.ts'
import { createPublisher } from '../publish/publisher.ts'
import { eventually, makeStream, startNats } from '../test-support.ts'
import { consume, type ConsumeOptions } from './consume.ts'
import { consumerBacklog, deleteConsumer } from './durable-consumer.ts'
import { pullConsumer } from './pull-consumer.ts'

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

  test('a message whose handler died every time is buried without another try', async () => {
    const stream = await makeStream(context.nats)
    const dead = await makeStream(context.nats)
    await fill(stream, 1)
    const create = { maxAckPending: 100, ackWaitMs: 1_000 }
    // As a process that died with the message in its hands: no answer and no sign of life.
    const victim = pullConsumer(context.nats, { stream, durable: 'worker', create })
    expect((await victim.next())?.deliveryCount).toBe(1)
    victim.stop()
    const handled: number[] = []
    start(stream, {
      deadLetter: { subject: `${dead}.x`, maxDeliver: 1 },
      handler: ({ sequence }) => {
        handled.push(sequence)
        return Promise.resolve('ack')
      },
    })
    await eventually(async () => (await streamInfo(context.nats, dead)).messages === 1, 'a dead letter')
    expect((await lastMessageOf(context.nats, dead, `${dead}.x`))?.headers['peyk-dead-reason']).toBe(
      'unanswered',
    )
    expect(handled).toEqual([])
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
    // Not "the stream is empty": killed, nats-server 2.9 may keep messages that were acknowledged, for no consumer to see.
    await eventually(() => seen.size >= 2_040, 'all of them')
    await eventually(async () => {
      const backlog = await consumerBacklog(context.nats, stream, 'worker')
      return backlog?.pending === 0 && backlog.unacknowledged === 0
    }, 'nothing to be left for the consumer')
  })
})
