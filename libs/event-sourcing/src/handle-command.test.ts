import { describe, expect, test } from '@jest/globals'

import { accept, reject, type Decider } from './decider.ts'
import type { EventMetadata } from './event-metadata.ts'
import { StreamNotFound, WrongRevision } from './event-store-errors.ts'
import type { EventStore, EventToAppend, RecordedEvent } from './event-store.ts'
import { handleCommand } from './handle-command.ts'

type Counted = { readonly type: 'Counted'; readonly data: { readonly by: number } }
type Count = { readonly by: number; readonly times?: number }

const counter: Decider<number, Count, Counted, 'tooMuch'> = {
  initialState: 0,
  decide: ({ by, times = 1 }, total) => {
    if (total + by > 10) return reject('tooMuch')
    return by === 0 ? accept() : accept(...Array.from({ length: times }, () => counted(by)))
  },
  evolve: (total, { data }) => total + data.by,
}

const counted = (by: number): Counted => ({ type: 'Counted', data: { by } })

const metadata = (commandId: string): EventMetadata => ({
  commandId,
  correlationId: 'correlation',
  causationId: 'causation',
  tenant: 'local',
  occurredAt: '2024-01-01T10:00:00.000Z',
})

/** One stream in an array; `beforeAppend` may act as another writer. */
const oneStream = (beforeAppend: (stream: RecordedEvent[]) => void = () => undefined) => {
  const stream: RecordedEvent[] = []
  const put = ({ id = '', type, data, metadata: kept }: EventToAppend) => {
    const revision = BigInt(stream.length)
    const place = { revision, position: revision * 10n, streamName: 'counter-1' }
    stream.push({ id, type, data, metadata: { ...kept }, ...place })
  }
  const store: Pick<EventStore, 'append' | 'readStream'> = {
    append: async (streamName, events, { expectedRevision }) => {
      beforeAppend(stream)
      const actual = stream.length === 0 ? 'no-stream' : BigInt(stream.length - 1)
      if (expectedRevision !== actual)
        throw new WrongRevision(streamName, { expected: expectedRevision, actual })
      events.forEach(put)
      return Promise.resolve({
        revision: BigInt(stream.length - 1),
        position: BigInt(stream.length - 1) * 10n,
      })
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- an iterable that a test can fill at once
    async *readStream(streamName) {
      if (stream.length === 0) throw new StreamNotFound(streamName)
      yield* [...stream]
    },
  }
  const handle = (command: Count, commandId: string, expectedRevision?: bigint) =>
    handleCommand({
      store: store as EventStore,
      streamName: 'counter-1',
      decider: counter,
      codec: { decode: (recorded) => recorded as unknown as Counted },
      command,
      metadata: metadata(commandId),
      expectedRevision,
    })
  return { stream, put, handle }
}

const another = (): EventToAppend => ({ ...counted(1), id: 'another', metadata: { commandId: 'other' } })

describe('handleCommand', () => {
  test('appends what was decided, at the revision that was read', async () => {
    const { stream, handle } = oneStream()
    await handle({ by: 1 }, 'a')
    const result = await handle({ by: 2, times: 2 }, 'b')
    const head = { revision: 2n, position: 20n, state: 5 }
    expect(result).toEqual({
      outcome: 'accepted',
      events: [counted(2), counted(2)],
      duplicate: false,
      ...head,
    })
    expect(stream.map((event) => event.metadata['commandId'])).toEqual(['a', 'b', 'b'])
  })

  test('the same command twice is one set of events, and says so', async () => {
    const { stream, handle } = oneStream()
    await handle({ by: 2, times: 2 }, 'a')
    await handle({ by: 1 }, 'b')
    const again = await handle({ by: 2, times: 2 }, 'a')
    expect(again).toMatchObject({
      outcome: 'accepted',
      events: [counted(2), counted(2)],
      duplicate: true,
      state: 5,
    })
    expect(stream).toHaveLength(3)
  })

  test('a refusal is a value', async () => {
    const { stream, handle } = oneStream()
    expect(await handle({ by: 11 }, 'a')).toEqual({
      outcome: 'rejected',
      reason: 'tooMuch',
      state: 0,
      revision: -1n,
    })
    expect(stream).toEqual([])
  })

  test('nothing to change appends nothing', async () => {
    const { handle } = oneStream()
    const nothing = { outcome: 'accepted', events: [], duplicate: false }
    expect(await handle({ by: 0 }, 'a')).toEqual({ ...nothing, state: 0, revision: -1n, position: 0n })
    await handle({ by: 1 }, 'b')
    await handle({ by: 1 }, 'c')
    expect(await handle({ by: 0 }, 'd')).toEqual({ ...nothing, state: 2, revision: 1n, position: 10n })
  })

  test('a conflict is decided anew on what is there now', async () => {
    let conflicts = 0
    const { stream, put, handle } = oneStream(() => {
      conflicts += 1
      if (conflicts <= 2) put(another())
    })
    expect(await handle({ by: 8 }, 'a')).toMatchObject({ outcome: 'accepted', state: 10, revision: 2n })
    expect(stream).toHaveLength(3)
  })

  test('gives up after five conflicts in a row', async () => {
    let tries = 0
    const { put, handle } = oneStream(() => {
      tries += 1
      put({ ...counted(0), metadata: {} })
    })
    await expect(handle({ by: 1 }, 'a')).rejects.toBeInstanceOf(WrongRevision)
    expect(tries).toBe(6)
  })

  test('a repeated command has the same event ids', async () => {
    const [first, second] = [oneStream(), oneStream()]
    await first.handle({ by: 1, times: 2 }, 'a')
    await second.handle({ by: 1, times: 2 }, 'a')
    expect(first.stream.map(({ id }) => id)).toEqual(second.stream.map(({ id }) => id))
  })

  test('a caller who saw another revision gets a conflict, unless the command was handled before', async () => {
    const { stream, handle } = oneStream()
    await handle({ by: 1 }, 'a', -1n)
    expect(await handle({ by: 1 }, 'b', 5n)).toEqual({ outcome: 'conflict', state: 1, revision: 0n })
    expect(await handle({ by: 1 }, 'b', 0n)).toMatchObject({ outcome: 'accepted', revision: 1n })
    expect(await handle({ by: 1 }, 'b', 0n)).toMatchObject({ outcome: 'accepted', duplicate: true })
    expect(stream).toHaveLength(2)
  })
})
