import { afterAll, describe, expect, test } from '@jest/globals'

import { NatsUnavailable, NoStream, StreamFull, WrongLastSequence } from '../errors.ts'
import { lastMessageOf, purgeSubject, readSubjects, streamInfo } from '../streams/read-stream.ts'
import { eventually, freeze, makeStream, startNats } from '../test-support.ts'
import { createPublisher } from './publisher.ts'

const context = await startNats()
afterAll(() => context.stop())
const publisher = () => createPublisher(context.nats)

describe('publish', () => {
  test('stores the message with its headers; the newest is read back from the leader', async () => {
    const stream = await makeStream(context.nats)
    const subject = `${stream}.a`
    expect(await publisher().publish(subject, { n: 1 }, { headers: { 'ce-id': 'é' } })).toEqual({
      stream,
      sequence: 1,
      duplicate: false,
    })
    await publisher().publish(subject, new Uint8Array([0, 255]))
    expect((await lastMessageOf(context.nats, stream, subject))?.data).toEqual(Buffer.from([0, 255]))
    await purgeSubject(context.nats, stream, `${stream}.none`)
    expect(await lastMessageOf(context.nats, stream, `${stream}.none`)).toBeUndefined()
    expect(await readSubjects(context.nats, stream)).toEqual(new Map([[subject, 2]]))
  })

  test('the same id twice is stored once', async () => {
    const stream = await makeStream(context.nats)
    const first = await publisher().publish(`${stream}.a`, {}, { id: 'x' })
    const second = await publisher().publish(`${stream}.a`, {}, { id: 'x' })
    expect([first.duplicate, second.duplicate]).toEqual([false, true])
    expect(second.sequence).toBe(first.sequence)
  })

  test('of twenty who create the same subject one wins; the others learn that they came late', async () => {
    const stream = await makeStream(context.nats)
    const options = { expectedLastSubjectSequence: 0 }
    const tries = Array.from({ length: 20 }, (_, n) =>
      publisher().publish(`${stream}.intent`, { n }, options),
    )
    const results = await Promise.allSettled(tries)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(WrongLastSequence)
    }
  })

  test('the fence of a stream refuses the old owner and names the sequence that is there', async () => {
    const stream = await makeStream(context.nats)
    await publisher().publish(`${stream}.a`, {}, { expectedLastSequence: 0 })
    await publisher().publish(`${stream}.b`, {}, { expectedLastSequence: 1 })
    const late = publisher().publish(`${stream}.a`, {}, { expectedLastSequence: 1 })
    await expect(late).rejects.toMatchObject({ name: 'WrongLastSequence', actual: 2 })
  })

  test('sent again under its id, a fenced message is a duplicate, not too late', async () => {
    const stream = await makeStream(context.nats)
    const options = { id: 'once', expectedLastSubjectSequence: 0 }
    await publisher().publish(`${stream}.a`, {}, options)
    expect((await publisher().publish(`${stream}.a`, {}, options)).duplicate).toBe(true)
  })

  test('a full stream refuses and loses nothing', async () => {
    const stream = await makeStream(context.nats, { maxBytes: 4_000 })
    const payload = new Uint8Array(1_000)
    let stored = 0
    const fill = async () => {
      for (;;) {
        await publisher().publish(`${stream}.a`, payload)
        stored += 1
      }
    }
    await expect(fill()).rejects.toThrow(StreamFull)
    expect(await streamInfo(context.nats, stream)).toMatchObject({ messages: stored, firstSequence: 1 })
  })

  test('room that is made in a full stream is used again', async () => {
    const stream = await makeStream(context.nats, { maxBytes: 4_000 })
    const fill = async () => {
      for (;;) await publisher.publish(`${stream}.a`, new Uint8Array(1_000))
    }
    const publisher = createPublisher(context.nats)
    await expect(fill()).rejects.toThrow(StreamFull)
    await purgeSubject(context.nats, stream, `${stream}.a`)
    await eventually(
      () =>
        publisher.publish(`${stream}.a`, {}).then(
          () => true,
          () => false,
        ),
      'room',
    )
  })

  test('a subject that no stream takes is an error, not a loss', async () => {
    await expect(publisher().publish('nobody.here', {})).rejects.toThrow(NoStream)
  })

  test('a rollup leaves only the snapshot in its subject', async () => {
    const stream = await makeStream(context.nats, { allowRollup: true })
    for (const key of ['a', 'a', 'b', 'a']) await publisher().publish(`${stream}.${key}`, {})
    await publisher().publish(`${stream}.a`, {}, { rollup: 'subject' })
    expect(await readSubjects(context.nats, stream)).toEqual(
      new Map([
        [`${stream}.a`, 1],
        [`${stream}.b`, 1],
      ]),
    )
  })

  test('a purge can keep the newest', async () => {
    const stream = await makeStream(context.nats)
    for (let n = 0; n < 5; n += 1) await publisher().publish(`${stream}.a`, { n })
    expect(await purgeSubject(context.nats, stream, `${stream}.a`, { keep: 1 })).toBe(4)
    expect((await lastMessageOf(context.nats, stream, `${stream}.a`))?.json()).toEqual({ n: 4 })
    expect(await purgeSubject(context.nats, stream, `${stream}.a`)).toBe(1)
  })

  test('with the server away: under an id it waits, is stored once; without one it says what is known', async () => {
    const stream = await makeStream(context.nats)
    await context.server.kill()
    const patient = publisher().publish(`${stream}.a`, {}, { id: 'patient', timeoutMs: 15_000 })
    await expect(publisher().publish(`${stream}.b`, {}, { timeoutMs: 300 })).rejects.toThrow(NatsUnavailable)
    await context.server.restart()
    expect((await patient).duplicate).toBe(false)
    expect((await streamInfo(context.nats, stream)).messages).toBe(1)
  })

  test('an answer lost with a frozen server is asked for again: stored once', async () => {
    const stream = await makeStream(context.nats)
    await freeze(context)
    const publishing = publisher().publish(`${stream}.a`, {}, { id: 'frozen', timeoutMs: 20_000 })
    const unknown = publisher().publish(`${stream}.b`, {}, { timeoutMs: 3_000 })
    await expect(unknown).rejects.toMatchObject({ outcome: 'unknown' })
    context.server.thaw()
    await publishing
    const subjects = await readSubjects(context.nats, stream, `${stream}.a`)
    expect(subjects.get(`${stream}.a`)).toBe(1)
  })
})

describe('publishAll', () => {
  const messages = function* (stream: string, count: number) {
    for (let n = 0; n < count; n += 1) yield { subject: `${stream}.${n % 7}`, payload: { n }, id: `id-${n}` }
  }

  test('writes many and tells how far it is; sent again they are all duplicates', async () => {
    const stream = await makeStream(context.nats)
    const seen: number[] = []
    const onStored = (count: number) => seen.push(count)
    expect(await publisher().publishAll(messages(stream, 5_000), { onStored })).toEqual({
      published: 5_000,
      duplicates: 0,
    })
    expect(seen.at(-1)).toBe(5_000)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(await publisher().publishAll(messages(stream, 5_000))).toEqual({
      published: 5_000,
      duplicates: 5_000,
    })
    expect((await streamInfo(context.nats, stream)).messages).toBe(5_000)
  })

  test('a full stream ends it, and what was stored is known', async () => {
    const stream = await makeStream(context.nats, { maxBytes: 20_000 })
    let stored = 0
    const all = publisher().publishAll(messages(stream, 5_000), { onStored: (count) => (stored = count) })
    await expect(all).rejects.toThrow(StreamFull)
    expect(stored).toBeGreaterThan(100)
    const { firstSequence, messages: held } = await streamInfo(context.nats, stream)
    expect(firstSequence).toBe(1)
    // A smaller message may still have found room after the first refusal.
    expect(held).toBeGreaterThanOrEqual(stored)
  })

  test('a server that is killed in the middle delays it', async () => {
    const stream = await makeStream(context.nats)
    let killed: Promise<void> | undefined
    const onStored = (count: number) => {
      if (count > 1_000) killed ??= context.server.kill().then(() => context.server.restart())
    }
    await publisher().publishAll(
      [...messages(stream, 5_000)].map((message) => ({ ...message, timeoutMs: 20_000 })),
      { onStored },
    )
    await killed
    expect((await streamInfo(context.nats, stream)).messages).toBe(5_000)
  })
})
