import { afterAll, describe, expect, test } from '@jest/globals'

import { openBucket } from './bucket.ts'
import { acquireLease, type Lease, tryAcquireLease } from './lease.ts'
import { eventually, freeze, makeBucket, startNats } from './test-support.ts'

const context = await startNats()
afterAll(() => context.stop())

/** Short times in the proportions of the real ones. */
const ttlMs = 3_000
const times = { ttlMs, renewMs: 600, pollMs: 100 }
const leases = () => makeBucket(context.nats, { ttlMs, storage: 'file' })
const options = (bucket: string, owner: string) => ({ bucket, key: 'campaign.background', owner, ...times })

describe('a lease', () => {
  test('of ten who try one gets it; it is renewed for longer than its time', async () => {
    const bucket = await leases()
    const tries = Array.from({ length: 10 }, (_, n) =>
      tryAcquireLease(context.nats, options(bucket, `o${n}`)),
    )
    const held = (await Promise.all(tries)).filter((lease): lease is Lease => lease !== undefined)
    expect(held).toHaveLength(1)
    const until = performance.now() + ttlMs * 1.5
    await eventually(() => performance.now() > until, 'longer than the time to live')
    expect(held[0]!.isHeld()).toBe(true)
    expect(await tryAcquireLease(context.nats, options(bucket, 'late'))).toBeUndefined()
    await held[0]!.release()
  })

  test('a released one goes to the next who waits, with a higher fence', async () => {
    const bucket = await leases()
    const end = new AbortController()
    const first = await acquireLease(context.nats, { ...options(bucket, 'a'), signal: end.signal })
    const waiting = acquireLease(context.nats, { ...options(bucket, 'b'), signal: end.signal })
    await first.release()
    expect([first.isHeld(), first.signal.aborted]).toEqual([false, true])
    const second = await waiting
    expect(second.fence).toBeGreaterThan(first.fence)
    await first.release()
    expect(second.isHeld()).toBe(true)
    await second.release()
  })

  test('one whose owner died goes to the next after its time', async () => {
    const bucket = await leases()
    // What a killed process leaves behind.
    await openBucket(context.nats, bucket).create('campaign.background', { owner: 'dead', token: 'x' })
    const end = new AbortController()
    const startedAt = performance.now()
    const lease = await acquireLease(context.nats, { ...options(bucket, 'b'), signal: end.signal })
    expect(performance.now() - startedAt).toBeLessThan(ttlMs + 2_000)
    await lease.release()
  })

  test('outlives a kill of the server', async () => {
    const bucket = await leases()
    const lost: string[] = []
    const lease = await tryAcquireLease(context.nats, {
      ...options(bucket, 'a'),
      onLost: (why) => lost.push(why),
    })
    await context.server.kill()
    await context.server.restart()
    await context.nats.whenConnected(5_000)
    const until = performance.now() + ttlMs
    await eventually(() => performance.now() > until, 'another round')
    expect([lease?.isHeld(), lost]).toEqual([true, []])
    await lease?.release()
  })

  test('is over for its owner before another can have it, when the server is silent', async () => {
    const bucket = await leases()
    const lost: string[] = []
    const lease = await tryAcquireLease(context.nats, {
      ...options(bucket, 'a'),
      onLost: (why) => lost.push(why),
    })
    await freeze(context)
    const frozenAt = performance.now()
    await eventually(() => lost.length > 0, 'the loss')
    expect(performance.now() - frozenAt).toBeLessThan(ttlMs)
    expect([lease?.isHeld(), lease?.signal.aborted]).toEqual([false, true])
    context.server.thaw()
    const end = new AbortController()
    const next = await acquireLease(context.nats, { ...options(bucket, 'b'), signal: end.signal })
    await next.release()
    expect(lost).toEqual(['it was not renewed in time'])
  })

  test('that another took is lost at the next renewal', async () => {
    const bucket = await leases()
    const lost: string[] = []
    await tryAcquireLease(context.nats, { ...options(bucket, 'a'), onLost: (why) => lost.push(why) })
    await openBucket(context.nats, bucket).put('campaign.background', { owner: 'thief', token: 'y' })
    await eventually(() => lost.length > 0, 'the loss')
    expect(lost).toEqual(['another has it, or it expired'])
  })

  test('waiting ends when its signal aborts', async () => {
    const bucket = await leases()
    const holder = await tryAcquireLease(context.nats, options(bucket, 'a'))
    const waiting = acquireLease(context.nats, { ...options(bucket, 'b'), signal: AbortSignal.timeout(300) })
    await expect(waiting).rejects.toThrow('timeout')
    await holder?.release()
  })
})
