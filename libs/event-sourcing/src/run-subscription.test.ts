import { setImmediate as nextTurn } from 'node:timers/promises'

import { describe, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import type { EventStore, RecordedEvent, SubscribeOptions, SubscriptionMessage } from './event-store.ts'
import { runSubscription, type SubscriptionToRun } from './run-subscription.ts'

const event = (position: bigint): SubscriptionMessage => ({
  kind: 'event',
  event: { id: '', type: 'Tested', streamName: 'a-1', revision: 0n, position, data: {}, metadata: {} },
})
const checkpoint = (position: bigint): SubscriptionMessage => ({ kind: 'checkpoint', position })
const caughtUp: SubscriptionMessage = { kind: 'caughtUp' }

interface Handled {
  readonly positions: readonly bigint[]
  readonly position: bigint
}

/** Runs on messages that the test gives, and remembers what was handled. */
const run = (options: Partial<SubscriptionToRun> = {}) => {
  const controller = new AbortController()
  const waiting: SubscriptionMessage[] = []
  const handled: Handled[] = []
  const asked: SubscribeOptions[] = []
  let taken = 0
  const store: Pick<EventStore, 'subscribeToAll'> = {
    async *subscribeToAll(subscribeOptions) {
      asked.push(subscribeOptions)
      while (!subscribeOptions.signal.aborted) {
        const message = waiting.shift()
        if (message === undefined) await nextTurn()
        else {
          taken += 1
          yield message
        }
      }
    },
  }
  const running = runSubscription({
    store: store as EventStore,
    streamPrefixes: ['a-'],
    signal: controller.signal,
    load: () => Promise.resolve(undefined),
    handle: (batch: readonly RecordedEvent[], position) => {
      handled.push({ positions: batch.map((item) => item.position), position })
      return Promise.resolve()
    },
    maxWaitMs: 5,
    ...options,
  })
  const stop = async () => {
    controller.abort()
    await running
  }
  return {
    give: (...messages: SubscriptionMessage[]) => waiting.push(...messages),
    handled,
    asked,
    stop,
    taken: () => taken,
  }
}

describe('runSubscription', () => {
  test('goes on after the checkpoint, or from the start', async () => {
    const [fresh, old] = [run(), run({ load: () => Promise.resolve(7n) })]
    await eventually(() => fresh.asked.length + old.asked.length === 2)
    expect([fresh.asked[0]?.after, old.asked[0]?.after]).toEqual(['start', 7n])
    await Promise.all([fresh.stop(), old.stop()])
  })

  test('one batch holds what is there, in order, with its last position', async () => {
    const { give, handled, stop } = run()
    give(event(1n), event(2n), event(3n), checkpoint(9n), caughtUp)
    await eventually(() => handled.length > 0)
    expect(handled).toEqual([{ positions: [1n, 2n, 3n], position: 9n }])
    await stop()
  })

  test('a batch is no longer than asked', async () => {
    const { give, handled, stop } = run({ maxBatch: 2 })
    give(event(1n), event(2n), event(3n), event(4n), event(5n), caughtUp)
    await eventually(() => handled.at(-1)?.position === 5n)
    expect(handled.map(({ positions }) => positions.length)).toEqual([2, 2, 1])
    await stop()
  })

  test('a checkpoint without events is kept too', async () => {
    const { give, handled, stop } = run()
    give(caughtUp, checkpoint(500n))
    await eventually(() => handled.length > 0)
    expect(handled).toEqual([{ positions: [], position: 500n }])
    await stop()
  })

  test('one batch at a time, and not more than one is read ahead', async () => {
    const gate = Promise.withResolvers<undefined>()
    let atOnce = 0
    let most = 0
    const handle = async () => {
      atOnce += 1
      most = Math.max(most, atOnce)
      await gate.promise
      atOnce -= 1
    }
    const { give, taken, stop } = run({ handle, maxBatch: 2 })
    give(caughtUp, ...Array.from({ length: 10 }, (_, index) => event(BigInt(index))))
    await eventually(() => taken() >= 5)
    for (let turn = 0; turn < 10; turn += 1) await nextTurn()
    expect([taken(), most]).toEqual([5, 1])
    gate.resolve(undefined)
    await eventually(() => taken() === 11)
    await stop()
    expect(most).toBe(1)
  })

  test('a batch that fails is tried again until it works, and the next waits', async () => {
    const tries: bigint[][] = []
    const errors: number[] = []
    const handle = (batch: readonly RecordedEvent[]) => {
      tries.push(batch.map(({ position }) => position))
      return tries.length < 3 ? Promise.reject(new Error('no')) : Promise.resolve()
    }
    const { give, stop } = run({ handle, onError: (_, attempt) => errors.push(attempt), maxBatch: 1 })
    give(event(1n), event(2n), caughtUp)
    await eventually(() => tries.length === 4)
    expect(tries).toEqual([[1n], [1n], [1n], [2n]])
    expect(errors).toEqual([1, 2])
    await stop()
  })

  test('a checkpoint that cannot be loaded is tried again', async () => {
    let tries = 0
    const load = () => {
      tries += 1
      return tries === 1 ? Promise.reject(new Error('locked')) : Promise.resolve(3n)
    }
    const { asked, stop } = run({ load })
    await eventually(() => asked.length === 1)
    expect(asked[0]?.after).toBe(3n)
    await stop()
  })

  test('tells that it caught up after the work, each time', async () => {
    const order: string[] = []
    const { give, stop } = run({
      handle: (batch) => {
        order.push(`handled ${batch.length}`)
        return Promise.resolve()
      },
      onCaughtUp: () => order.push('caught up'),
    })
    give(event(1n), event(2n), caughtUp)
    await eventually(() => order.length === 2)
    give(caughtUp)
    await eventually(() => order.length === 3)
    expect(order).toEqual(['handled 2', 'caught up', 'caught up'])
    await stop()
  })

  test('stops while a batch fails, without waiting for it to work', async () => {
    let tries = 0
    const handle = () => {
      tries += 1
      return Promise.reject(new Error('no'))
    }
    const { give, stop } = run({ handle })
    give(event(1n), caughtUp)
    await eventually(() => tries > 0)
    await stop()
  })
})
