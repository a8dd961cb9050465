// One class for each thing that can go wrong with the event store, so that callers can tell them apart.
import type { ExpectedRevision } from './event-store.ts'

/** The stream is not at the revision that the append expected. */
export class WrongRevision extends Error {
  override readonly name = 'WrongRevision'
  readonly streamName: string
  readonly expected: ExpectedRevision
  readonly actual: bigint | 'no-stream'
  constructor(
    streamName: string,
    revisions: { expected: ExpectedRevision; actual: bigint | 'no-stream' },
    options?: ErrorOptions,
  ) {
    super(`stream is at ${String(revisions.actual)}, not at ${String(revisions.expected)}`, options)
    this.streamName = streamName
    this.expected = revisions.expected
    this.actual = revisions.actual
  }
}

/** There is no such stream, or its events were deleted. */
export class StreamNotFound extends Error {
  override readonly name = 'StreamNotFound'
  readonly streamName: string
  constructor(streamName: string, options?: ErrorOptions) {
    super('stream not found', options)
    this.streamName = streamName
  }
}

/** The stream was removed for ever. */
export class StreamTombstoned extends Error {
  override readonly name = 'StreamTombstoned'
  readonly streamName: string
  constructor(streamName: string, options?: ErrorOptions) {
    super('stream is tombstoned', options)
    this.streamName = streamName
  }
}

/** The events of one append are more than the store takes at once. */
export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge'
  readonly maxBytes: number
  constructor(maxBytes: number, options?: ErrorOptions) {
    super(`an append takes at most ${maxBytes} bytes`, options)
    this.maxBytes = maxBytes
  }
}

/** The caller's mistake: no events, an id that is no UUID, or data that is no JSON. */
export class InvalidAppend extends Error {
  override readonly name = 'InvalidAppend'
}

/** The store did not answer in time, or is not there. A write may have happened: repeat it with the same ids. */
export class EventStoreUnavailable extends Error {
  override readonly name = 'EventStoreUnavailable'
  readonly operation: string
  constructor(operation: string, options?: ErrorOptions) {
    super(`event store unavailable: ${operation}`, options)
    this.operation = operation
  }
}

/** The store refuses who we are. */
export class EventStoreAccessDenied extends Error {
  override readonly name = 'EventStoreAccessDenied'
  readonly operation: string
  constructor(operation: string, options?: ErrorOptions) {
    super(`event store denies access: ${operation}`, options)
    this.operation = operation
  }
}

/** The store refused for a reason that is not in this list; the cause tells it. */
export class EventStoreRefused extends Error {
  override readonly name = 'EventStoreRefused'
  readonly operation: string
  constructor(operation: string, options?: ErrorOptions) {
    super(`event store refused: ${operation}`, options)
    this.operation = operation
  }
}
