// The one way a command reaches a stream: read, fold, decide, append at the revision that was read.
import { backOffMs, pause } from './back-off.ts'
import type { Decider } from './decider.ts'
import type { EventMetadata } from './event-metadata.ts'
import { eventIdOf } from './event-ids.ts'
import { StreamNotFound, WrongRevision } from './event-store-errors.ts'
import type { EventStore, EventToAppend, RecordedEvent } from './event-store.ts'

/** What an aggregate records: a type and its data. */
export interface DomainEvent {
  readonly type: string
  readonly data: unknown
}

/** Turns what the store holds back into an event; throws on what it does not know (A13). */
export interface EventCodec<Event> {
  readonly decode: (recorded: RecordedEvent) => Event
}

export interface CommandToHandle<State, Command, Event, Reason> {
  readonly store: EventStore
  readonly streamName: string
  readonly decider: Decider<State, Command, Event, Reason>
  readonly codec: EventCodec<Event>
  readonly command: Command
  readonly metadata: EventMetadata
  /** The revision that the caller has seen (`If-Match`); another one now is the outcome `conflict`. */
  readonly expectedRevision?: bigint | undefined
}

/** The revision of a stream that has no event yet. */
export const NO_REVISION = -1n

/** `position` is that of the last event that `state` knows, 0 when there is none; `revision` likewise, or -1. */
export type CommandResult<State, Event, Reason> =
  | {
      readonly outcome: 'accepted'
      readonly events: readonly Event[]
      readonly state: State
      readonly revision: bigint
      readonly position: bigint
      /** The command had been handled before: these are the events of that time. */
      readonly duplicate: boolean
    }
  | {
      readonly outcome: 'rejected'
      readonly reason: Reason
      readonly state: State
      readonly revision: bigint
    }
  | { readonly outcome: 'conflict'; readonly state: State; readonly revision: bigint }

/** A stream folded into its state. */
export interface LoadedStream<State, Event> {
  readonly state: State
  readonly revision: bigint
  readonly position: bigint
  /** The events that the asked command left in the stream before. */
  readonly eventsOfCommand: readonly Event[]
}

const MAX_CONFLICTS = 5
const CONFLICT_BACK_OFF = { firstMs: 5, maxMs: 100 }

/** Reads a stream and folds it; a missing one is the initial state at revision -1. */
export const loadStream = async <State, Event>(
  store: EventStore,
  streamName: string,
  aggregate: Pick<Decider<State, never, Event, unknown>, 'initialState' | 'evolve'>,
  codec: EventCodec<Event>,
  commandId?: string,
): Promise<LoadedStream<State, Event>> => {
  let state = aggregate.initialState
  let revision = NO_REVISION
  let position = 0n
  const eventsOfCommand: Event[] = []
  try {
    for await (const recorded of store.readStream(streamName)) {
      const event = codec.decode(recorded)
      state = aggregate.evolve(state, event)
      revision = recorded.revision
      position = recorded.position
      if (commandId !== undefined && recorded.metadata['commandId'] === commandId) eventsOfCommand.push(event)
    }
  } catch (error) {
    if (!(error instanceof StreamNotFound)) throw error
  }
  return { state, revision, position, eventsOfCommand }
}

/**
 * Handles one command. The same command (by `metadata.commandId`) twice is one set of events: the second time the
 * first ones come back as a `duplicate`. Only a revision conflict is retried, by reading again.
 */
export const handleCommand = async <State, Command, Event extends DomainEvent, Reason>(
  request: CommandToHandle<State, Command, Event, Reason>,
): Promise<CommandResult<State, Event, Reason>> => {
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      return await handleOnce(request)
    } catch (error) {
      if (!(error instanceof WrongRevision) || conflicts >= MAX_CONFLICTS) throw error
      await pause(backOffMs(CONFLICT_BACK_OFF, conflicts + 1))
    }
  }
}

const handleOnce = async <State, Command, Event extends DomainEvent, Reason>({
  store,
  streamName,
  decider,
  codec,
  command,
  metadata,
  expectedRevision,
}: CommandToHandle<State, Command, Event, Reason>): Promise<CommandResult<State, Event, Reason>> => {
  const loaded = await loadStream(store, streamName, decider, codec, metadata.commandId)
  const { state, revision, position, eventsOfCommand } = loaded
  if (eventsOfCommand.length > 0) {
    return { outcome: 'accepted', events: eventsOfCommand, state, revision, position, duplicate: true }
  }
  if (expectedRevision !== undefined && expectedRevision !== revision) {
    return { outcome: 'conflict', state, revision }
  }
  const decision = decider.decide(command, state)
  if (decision.outcome === 'rejected') return { ...decision, state, revision }
  const { events } = decision
  if (events.length === 0) {
    return { outcome: 'accepted', events, state, revision, position, duplicate: false }
  }
  const head = await store.append(streamName, toAppend(streamName, events, metadata), {
    expectedRevision: revision === NO_REVISION ? 'no-stream' : revision,
  })
  return {
    outcome: 'accepted',
    events,
    state: events.reduce(decider.evolve, state),
    ...head,
    duplicate: false,
  }
}

const toAppend = (
  streamName: string,
  events: readonly DomainEvent[],
  metadata: EventMetadata,
): EventToAppend[] =>
  events.map(({ type, data }, index) => ({
    id: eventIdOf(streamName, metadata.commandId, index),
    type,
    data,
    metadata,
  }))
