import { describe, expect, test } from '@jest/globals'
import { type EventStore, type RecordedEvent, StreamNotFound } from '@peyk/event-sourcing'
import fc from 'fast-check'

import { reportOf } from '../reports/report.ts'
import {
  at,
  campaign,
  campaignId,
  chunk,
  created,
  imported,
  moved,
  recipient,
  recorded,
  running,
} from '../testing/events.ts'
import { histories } from '../testing/random-history.ts'
import { dumpOf, rowsOf } from '../testing/rows.ts'
import { reportingQueries } from './queries.ts'
import { replayUntil } from './replay.ts'

/** A store of just these events. */
const storeOf = (events: readonly RecordedEvent[]): Pick<EventStore, 'readStream'> => ({
  // eslint-disable-next-line @typescript-eslint/require-await -- as the port has it
  async *readStream(streamName, { direction } = {}) {
    const stream = events.filter((event) => event.streamName === streamName)
    if (stream.length === 0) throw new StreamNotFound(streamName)
    yield* direction === 'backwards' ? stream.toReversed() : stream
  },
})
const replay = (events: readonly RecordedEvent[], asOf: string, withPeople = true) =>
  replayUntil({ store: storeOf(events), campaignId, asOf, withPeople })
const inOrder = (events: readonly RecordedEvent[]) =>
  events.map((event, index) => ({ ...event, position: BigInt(index), revision: BigInt(index) }))

describe('a campaign as of a moment', () => {
  test('is what a fresh replay to that time gives, at any time', async () => {
    await fc.assert(
      fc.asyncProperty(histories(), fc.integer({ min: -1, max: 1_600 }), async ({ events }, minute) => {
        const asOf = new Date(Date.parse('2024-03-10T08:00:00.000Z') + minute * 60_000).toISOString()
        const isOwn = ({ streamName }: RecordedEvent) => /^(campaign|outcomes)-/.test(streamName)
        const isBy = ({ metadata }: RecordedEvent) => String(metadata['occurredAt']) <= asOf
        const past = events.slice(0, events.findLastIndex((event) => isOwn(event) && isBy(event)) + 1)
        const [replayed, fresh] = [await replay(events, asOf), rowsOf([past])]
        // The numbers of others are in the one, and not in the other.
        const dumps = [replayed, fresh].map((rows) => ({ ...dumpOf(rows), sessions: [] }))
        expect(dumps[0]).toEqual(dumps[1])
        const [then, expected] = [replayed, fresh].map(({ database }) => {
          const queries = reportingQueries(database)
          const row = queries.campaign(campaignId)
          return row === undefined ? undefined : reportOf(row, queries)
        })
        expect(then?.totals).toEqual(expected?.totals)
        expect(then?.reasons).toEqual(expected?.reasons)
        replayed.close()
        fresh.close()
      }),
      { numRuns: 50 },
    )
  })

  test('the moment itself is included', async () => {
    const events = inOrder([...running(), campaign('CampaignPaused', { reason: 'user' }, at(5))])
    const statusAt = async (asOf: string) => {
      const rows = await replay(events, asOf)
      const status = reportingQueries(rows.database).campaign(campaignId)?.status
      rows.close()
      return status
    }
    expect(await statusAt(at(5))).toBe('PAUSED')
    expect(await statusAt('2024-01-01T10:04:59.999Z')).toBe('RUNNING')
    expect(await statusAt('2023-01-01T00:00:00.000Z')).toBeUndefined()
  })

  test('a list that was appended to later is shorter before', async () => {
    const later = { metadata: { tenant: 'acme', occurredAt: at(9) } }
    const events = inOrder([
      created,
      chunk(0, 1, recipient(1)),
      imported('replace', 0, 0, 1),
      chunk(1, 2, recipient(2)),
      { ...imported('append', 1, 1, 2), ...later },
    ])
    const rows = await replay(events, at(5))
    expect([...reportingQueries(rows.database).everyRecipient(campaignId)]).toHaveLength(1)
    rows.close()
  })

  test('a report needs no people', async () => {
    const rows = await replay(inOrder([...running(), recorded(moved(1, 'sent', 3))]), at(5), false)
    expect(dumpOf(rows)['recipients']).toEqual([])
    expect(dumpOf(rows)['outcomes']).toHaveLength(1)
    rows.close()
  })
})
