import { afterAll, describe, expect, test } from '@jest/globals'

import { askJetStream } from '../jetstream-api.ts'
import { createPublisher } from '../publish/publisher.ts'
import { streamInfo } from '../streams/read-stream.ts'
import { eventually, freeze, makeStream, startNats } from '../test-support.ts'
import { type EpochChange, type FeedMessage, type OrderedFeedOptions, orderedFeed } from './ordered-feed.ts'
import { readMessages } from './read-messages.ts'

const context = await startNats()
afterAll(() => context.stop())
const publisher = () => createPublisher(context.nats)

/** A feed that remembers what it saw, ended with the test. */
function watch(stream: string, options: Partial<OrderedFeedOptions> = {}) {
  const end = new AbortController()
  const seen: FeedMessage[] = []
  const resets: string[] = []
  const changes: EpochChange[] = []
  const feed = orderedFeed(context.nats, {
    stream,
    from: 'all',
    onMessage: (message) => void seen.push(message),
    onReset: (reason) => resets.push(reason),
    onEpochChange: (change) => void changes.push(change),
    signal: end.signal,
    ...options,
  })
  const sequences = () => seen.map(({ sequence }) => sequence)
  const stop = async () => {
    end.abort()
    await feed.ended
  }
  return { feed, seen, sequences, resets, changes, stop }
}

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, n) => n + from)

async function fill(stream: string, count: number, key = 'a') {
  const messages = upTo(count).map((n) => ({
    subject: `${stream}.${key}`,
    payload: { n },
    timeoutMs: 30_000,
  }))
  await publisher().publishAll(
    messages.map((message, n) => ({ ...message, id: `${key}-${n}-${Math.random()}` })),
  )
}

describe('orderedFeed', () => {
  test('delivers what is there and what comes, with position, headers and epoch', async () => {
    const stream = await makeStream(context.nats)
    await publisher().publish(`${stream}.a`, { n: 1 }, { headers: { 'peyk-n': '7' } })
    const { feed, seen, stop } = watch(stream)
    await feed.caughtUp
    expect(seen).toMatchObject([{ sequence: 1, stream, subject: `${stream}.a`, headers: { 'peyk-n': '7' } }])
    expect(seen[0]!.epoch).toBe((await streamInfo(context.nats, stream)).epoch)
    expect(seen[0]!.json()).toEqual({ n: 1 })
    await publisher().publish(`${stream}.b`, {})
    await eventually(() => seen.length === 2, 'the second message')
    expect(feed.position()).toMatchObject({ sequence: 2, lag: 0 })
    await stop()
  })

  test.each([
    ['new', [4]],
    [{ sequence: 2 }, [2, 3, 4]],
    ['last-per-subject', [2, 3, 4]],
  ] as const)('from %j it begins there', async (from, expected) => {
    const stream = await makeStream(context.nats)
    for (const key of ['a', 'a', 'b']) await publisher().publish(`${stream}.${key}`, {})
    const { feed, sequences, stop } = watch(stream, { from })
    await feed.caughtUp
    await publisher().publish(`${stream}.a`, {})
    await eventually(() => sequences().length === expected.length, 'all of them')
    expect(sequences()).toEqual(expected)
    await stop()
  })

  test('an empty stream is caught up with at once, from every start', async () => {
    const stream = await makeStream(context.nats)
    for (const from of ['all', 'new', 'last-per-subject', { sequence: 1 }] as const) {
      const { feed, stop } = watch(stream, { from })
      await feed.caughtUp
      await stop()
    }
  })

  test('a filter leaves the others out', async () => {
    const stream = await makeStream(context.nats)
    for (const key of ['a', 'b', 'a']) await publisher().publish(`${stream}.${key}`, {})
    const { feed, sequences, stop } = watch(stream, { filter: `${stream}.a` })
    await feed.caughtUp
    expect(sequences()).toEqual([1, 3])
    await stop()
  })

  test('a handler that fails gets the same message again, and nothing overtakes it', async () => {
    const stream = await makeStream(context.nats)
    await fill(stream, 3)
    const tries: number[] = []
    const { feed, stop } = watch(stream, {
      onMessage: async ({ sequence }) => {
        tries.push(sequence)
        await Promise.resolve()
        if (sequence === 2 && tries.length < 4) throw new Error('not now')
      },
    })
    await feed.caughtUp
    expect(tries).toEqual([1, 2, 2, 2, 3])
    await stop()
  })

  test('a slow handler slows the server down: 100,000 messages wait in the stream, not in memory', async () => {
    const stream = await makeStream(context.nats)
    const payload = new Uint8Array(10_000)
    await publisher().publishAll(
      upTo(4_000).map((n) => ({ subject: `${stream}.a`, payload, id: `${stream}${n}` })),
    )
    let wait = true
    const { feed, sequences, seen, stop } = watch(stream, {
      onMessage: async (message) => {
        if (wait) await new Promise((resolve) => setTimeout(resolve, 3_500))
        wait = false
        seen.push(message)
      },
    })
    await feed.caughtUp
    expect(sequences()).toEqual(upTo(4_000))
    await stop()
  })

  test('the server is killed and started again while messages flow: 0 lost, 0 twice', async () => {
    const stream = await makeStream(context.nats)
    const { sequences, resets, stop } = watch(stream)
    const filling = fill(stream, 20_000)
    await eventually(() => sequences().length > 500, 'the first messages')
    await context.server.kill()
    await context.server.restart()
    await filling
    const { lastSequence } = await streamInfo(context.nats, stream)
    await eventually(() => sequences().length >= lastSequence, 'all messages')
    expect(sequences()).toEqual(upTo(lastSequence))
    expect(resets.length).toBeGreaterThan(0)
    await stop()
  })

  test('the server freezes for seconds: it goes on with the next message', async () => {
    const stream = await makeStream(context.nats)
    const { feed, sequences, stop } = watch(stream)
    await fill(stream, 10)
    await feed.caughtUp
    await freeze(context)
    await eventually(() => feed.position().silentForMs > 2_500, 'silence')
    context.server.thaw()
    await fill(stream, 10, 'b')
    await eventually(() => sequences().length >= 20, 'all messages')
    expect(sequences()).toEqual(upTo(20))
    await stop()
  })

  test('its consumer is deleted: a new one within three seconds', async () => {
    const stream = await makeStream(context.nats)
    const { feed, sequences, resets, stop } = watch(stream)
    await fill(stream, 5)
    await feed.caughtUp
    const { consumers } = await askJetStream<{ consumers: string[] }>(
      context.nats,
      `CONSUMER.NAMES.${stream}`,
      undefined,
    )
    for (const name of consumers)
      await askJetStream(context.nats, `CONSUMER.DELETE.${stream}.${name}`, undefined)
    const deletedAt = performance.now()
    await fill(stream, 5, 'b')
    await eventually(() => sequences().length >= 10, 'the later five')
    expect(performance.now() - deletedAt).toBeLessThan(3_000)
    expect(sequences()).toEqual(upTo(10))
    expect(resets).toContain('silence')
    await stop()
  })

  test('the stream is deleted and made anew: the change is told before its first message', async () => {
    const stream = await makeStream(context.nats)
    const order: string[] = []
    const { feed, resets, changes, stop } = watch(stream, {
      onMessage: ({ sequence }) => void order.push(`message ${sequence}`),
      onEpochChange: async (change) => {
        await Promise.resolve()
        changes.push(change)
        order.push(change.kind)
      },
    })
    await fill(stream, 3)
    await feed.caughtUp
    await eventually(() => order.length === 3, 'the first three')
    await askJetStream(context.nats, `STREAM.DELETE.${stream}`, undefined)
    await eventually(() => resets.includes('stream-missing'), 'the loss to be told')
    await makeStream(context.nats, { name: stream })
    await fill(stream, 2)
    await eventually(() => order.length === 6, 'the messages of the new stream')
    expect(order).toEqual(['message 1', 'message 2', 'message 3', 'recreated', 'message 1', 'message 2'])
    expect(changes).toMatchObject([{ position: 3, epoch: (await streamInfo(context.nats, stream)).epoch }])
    await stop()
  })

  test('a position of another epoch is told at the start', async () => {
    const stream = await makeStream(context.nats)
    await fill(stream, 2)
    const { feed, changes, sequences, stop } = watch(stream, { from: { sequence: 40, epoch: 'long ago' } })
    await feed.caughtUp
    expect(changes).toMatchObject([{ kind: 'recreated', previousEpoch: 'long ago', position: 39 }])
    expect(sequences()).toEqual([1, 2])
    await stop()
  })

  test('a position behind the end of the stream is told: it lost its newest messages', async () => {
    const stream = await makeStream(context.nats)
    await fill(stream, 2)
    const { epoch } = await streamInfo(context.nats, stream)
    const { feed, changes, sequences, stop } = watch(stream, { from: { sequence: 6, epoch } })
    await feed.caughtUp
    expect(changes).toMatchObject([{ kind: 'shrunk', position: 5, lastSequence: 2 }])
    await publisher().publish(`${stream}.a`, {})
    await eventually(() => sequences().length === 1, 'the next message')
    expect(sequences()).toEqual([3])
    await stop()
  })

  test('waits for a stream that is not there yet, and ends when it is told to', async () => {
    const { feed, sequences, stop } = watch('LATER', { from: 'new' })
    await eventually(() => feed.position().silentForMs === Infinity, 'no consumer')
    await makeStream(context.nats, { name: 'LATER' })
    await feed.caughtUp
    await fill('LATER', 2)
    await eventually(() => sequences().length === 2, 'both')
    await stop()
    const { feed: never, stop: stopNever } = watch('NEVER')
    await stopNever()
    await expect(never.caughtUp).rejects.toThrow('ended')
  })
})

describe('readMessages', () => {
  test('reads what is there and ends', async () => {
    const stream = await makeStream(context.nats)
    await fill(stream, 500)
    const seen: number[] = []
    await readMessages(context.nats, { stream, onMessage: ({ sequence }) => void seen.push(sequence) })
    expect(seen).toEqual(upTo(500))
    await readMessages(context.nats, {
      stream,
      filter: `${stream}.none`,
      onMessage: () => Promise.reject(new Error('?')),
    })
  })

  test('a handler that throws ends it', async () => {
    const stream = await makeStream(context.nats)
    await fill(stream, 5)
    let calls = 0
    const reading = readMessages(context.nats, {
      stream,
      onMessage: () => {
        calls += 1
        throw new Error('enough')
      },
    })
    await expect(reading).rejects.toThrow('enough')
    expect(calls).toBe(1)
  })
})
