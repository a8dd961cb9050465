// The client's errors in our words.
import {
  AccessDeniedError,
  CancelledError,
  DeadlineExceededError,
  isCommandError,
  MaxAppendSizeExceededError,
  NotLeaderError,
  StreamDeletedError,
  StreamNotFoundError,
  TimeoutError,
  UnavailableError,
  WrongExpectedVersionError,
} from '@eventstore/db-client'

import {
  AppendTooLarge,
  EventStoreAccessDenied,
  EventStoreRefused,
  EventStoreUnavailable,
  StreamNotFound,
  StreamTombstoned,
  WrongRevision,
} from '../event-store-errors.ts'
import type { ExpectedRevision } from '../event-store.ts'

interface Request {
  readonly operation: string
  readonly streamName?: string
  readonly expected?: ExpectedRevision
}

const TRANSIENT = [TimeoutError, DeadlineExceededError, UnavailableError, CancelledError, NotLeaderError]

/** gRPC: cancelled, unknown, deadline exceeded, resource exhausted, aborted, internal (a reset connection), unavailable. */
const TRANSIENT_CODES = new Set<unknown>([1, 2, 4, 8, 10, 13, 14])

const OURS = [
  AppendTooLarge,
  EventStoreAccessDenied,
  EventStoreRefused,
  EventStoreUnavailable,
  StreamNotFound,
  StreamTombstoned,
  WrongRevision,
]

export const inOurWords = (error: unknown, request: Request): Error => {
  if (OURS.some((ours) => error instanceof ours)) return error as Error
  const { operation, streamName = '' } = request
  const options = { cause: error }
  if (error instanceof WrongExpectedVersionError) {
    return new WrongRevision(streamName, wrongRevision(error, request.expected), options)
  }
  if (error instanceof StreamNotFoundError) return new StreamNotFound(streamName, options)
  if (error instanceof StreamDeletedError) return new StreamTombstoned(streamName, options)
  if (error instanceof MaxAppendSizeExceededError) return new AppendTooLarge(error.maxAppendSize, options)
  if (error instanceof AccessDeniedError) return new EventStoreAccessDenied(operation, options)
  return isTransient(error)
    ? new EventStoreUnavailable(operation, options)
    : new EventStoreRefused(operation, options)
}

const wrongRevision = (error: WrongExpectedVersionError, expected: ExpectedRevision = 'any') => ({
  expected,
  actual: typeof error.actualVersion === 'bigint' ? error.actualVersion : ('no-stream' as const),
})

/** What is no answer of the server came from the way to it. */
const isTransient = (error: unknown): boolean => {
  if (!(error instanceof Error) || !isCommandError(error)) return true
  return TRANSIENT.some((kind) => error instanceof kind) || TRANSIENT_CODES.has(error.code)
}
