// What a publisher is given, and what it answers.
import type { Headers, Payload } from '../message.ts'

export interface PublishOptions {
  /** Becomes `Nats-Msg-Id`: the same id within the stream's duplicate window is stored once. Only with it is a publish sent again. */
  readonly id?: string
  readonly headers?: Headers
  /** The fence of a subject: its last message must have this sequence; 0 = the subject must be empty. */
  readonly expectedLastSubjectSequence?: number
  /** The fence of a whole stream. */
  readonly expectedLastSequence?: number
  /** The subject's earlier messages go when this one is stored (the stream must allow it). */
  readonly rollup?: 'subject'
  /** The trace in the headers is of long ago (a replay): the span gets a trace of its own, linked to that one. */
  readonly linked?: boolean
  /** How long to try in all; default 5 s. */
  readonly timeoutMs?: number
}

export interface Published {
  readonly stream: string
  readonly sequence: number
  /** The id was there already: `sequence` is that of the first. */
  readonly duplicate: boolean
}

export interface OutgoingMessage extends PublishOptions {
  readonly subject: string
  readonly payload: Payload
}

export interface PublishAllOptions {
  /** Messages sent and not yet acknowledged; default 256. */
  readonly maxInFlight?: number
  readonly signal?: AbortSignal
  /** Called in order as the run of stored messages from the first grows: all before `count` are stored. */
  readonly onStored?: (count: number) => void
}
