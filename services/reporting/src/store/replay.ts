// A campaign as it stood at a moment: its streams are read again from the event store, up to that moment, into rows of
// their own. So an old report is made by what makes the new ones, and nothing has to be kept for it.
import { type CampaignId, eventStreams, readCampaignEvent, type SessionId } from '@peyk/contracts'
import { type EventStore, type RecordedEvent, StreamNotFound } from '@peyk/event-sourcing'
import { openReadModel, type ReadModel } from '@peyk/read-model'

import { reportingProjection } from '../projections/project.ts'
import { REPORTING_VERSION, reportingSchema } from '../projections/schema.ts'

export interface Replay {
  readonly store: Pick<EventStore, 'readStream'>
  readonly campaignId: CampaignId
  /** An instant, included. */
  readonly asOf: string
  /** False: the list of people is left out; a report needs none of it. */
  readonly withPeople: boolean
  readonly signal?: AbortSignal
}

const BATCH = 500

/**
 * The rows up to the campaign's last event that occurred by then; close them after use. Clocks of several processes may
 * differ: what stands in the log before that event is in the rows whatever its own time says, so that totals stay the
 * sum of their parts. People are as they are now: a number that was erased since is not shown again.
 */
export const replayUntil = async (replay: Replay): Promise<ReadModel> => {
  // A temporary file, which grows with the campaign where memory does not.
  const readModel = openReadModel({
    file: '',
    name: 'replay',
    version: REPORTING_VERSION,
    schema: reportingSchema,
  })
  try {
    await fill(replay, readModel)
    return readModel
  } catch (error) {
    readModel.close()
    throw error
  }
}

const fill = async (replay: Replay, readModel: ReadModel): Promise<void> => {
  const { campaignId, withPeople } = replay
  const outcomes = eventStreams.outcomes(campaignId)
  const life = await all(readIfThere(replay, eventStreams.campaign(campaignId)))
  const end = latest(
    life.findLast((event) => isBy(event, replay.asOf)),
    await lastBy(replay, outcomes),
  )
  if (end === undefined) return
  const past = life.filter(({ position }) => position <= end)
  const write = batchWriter(readModel, replay.signal)
  if (withPeople)
    for (const chunk of chunksThatCount(past))
      for await (const event of readIfThere(replay, eventStreams.recipients(campaignId, chunk)))
        write.add(event)
  for await (const event of inOrder(past, upTo(readIfThere(replay, outcomes), end))) write.add(event)
  write.flush()
  for (const sessionId of sessionsIn(readModel))
    for await (const event of upTo(readIfThere(replay, eventStreams.session(sessionId)), end))
      write.add(event)
  write.flush()
}

const isBy = ({ metadata }: RecordedEvent, instant: string): boolean =>
  String(metadata['occurredAt']) <= instant

const latest = (...events: readonly (RecordedEvent | undefined)[]): bigint | undefined =>
  events.reduce<bigint | undefined>(
    (far, event) =>
      event !== undefined && (far === undefined || event.position > far) ? event.position : far,
    undefined,
  )

const lastBy = async (replay: Replay, streamName: string): Promise<RecordedEvent | undefined> => {
  for await (const event of readIfThere(replay, streamName, 'backwards'))
    if (isBy(event, replay.asOf)) return event
  return undefined
}

async function* readIfThere(
  { store }: Replay,
  streamName: string,
  direction: 'forwards' | 'backwards' = 'forwards',
): AsyncIterable<RecordedEvent> {
  const from = direction === 'forwards' ? 'start' : 'end'
  try {
    yield* store.readStream(streamName, { direction, from })
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
  }
}

const all = async (events: AsyncIterable<RecordedEvent>): Promise<readonly RecordedEvent[]> => {
  const list: RecordedEvent[] = []
  for await (const event of events) list.push(event)
  return list
}

async function* upTo(events: AsyncIterable<RecordedEvent>, end: bigint): AsyncIterable<RecordedEvent> {
  for await (const event of events) {
    if (event.position > end) return
    yield event
  }
}

/** Two streams as one, in the order in which they were written. */
async function* inOrder(
  few: readonly RecordedEvent[],
  many: AsyncIterable<RecordedEvent>,
): AsyncIterable<RecordedEvent> {
  let next = 0
  for await (const event of many) {
    for (let other = few[next]; other !== undefined && other.position < event.position; other = few[next]) {
      yield other
      next += 1
    }
    yield event
  }
  yield* few.slice(next)
}

/** The chunks of the list that counted at the end of these events. */
const chunksThatCount = (life: readonly RecordedEvent[]): readonly number[] => {
  let chunks: number[] = []
  for (const recorded of life) {
    const event = readCampaignEvent(recorded)
    if (event.type !== 'RecipientsImported') continue
    const { first, last } = event.data.chunks
    const added = Array.from({ length: last - first + 1 }, (_, index) => first + index)
    chunks = event.data.mode === 'replace' ? added : [...chunks, ...added]
  }
  return chunks
}

/** Batches are given places of their own: the events of several streams do not come in the order of the log. */
const batchWriter = (readModel: ReadModel, signal: AbortSignal | undefined) => {
  const project = reportingProjection(readModel.database)
  let batch: RecordedEvent[] = []
  let place = 0n
  const flush = () => {
    signal?.throwIfAborted()
    readModel.apply((place += 1n), () => project(batch))
    batch = []
  }
  const add = (event: RecordedEvent) => {
    batch.push(event)
    if (batch.length >= BATCH) flush()
  }
  return { add, flush }
}

const sessionsIn = ({ database }: ReadModel): readonly SessionId[] =>
  database
    .prepare<[], SessionId>(`select distinct session_id from counts where session_id <> ''`)
    .pluck()
    .all()
