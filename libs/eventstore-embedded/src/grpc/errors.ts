import { Metadata, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'

import type { ExpectedRevision } from '../store/types.ts'

/** Trailers are ASCII: every other character, and `%` itself, travels encoded. */
function trailerText(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character))
}

/** An error with the trailers from which the client builds its typed error. */
class ProtocolError extends Error implements ServiceError {
  override readonly name = 'ProtocolError'
  readonly code: status
  readonly details: string
  readonly metadata = new Metadata()

  constructor(code: status, details: string, trailers: Readonly<Record<string, string>> = {}) {
    super(details)
    this.code = code
    this.details = trailerText(details)
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, trailerText(value))
  }
}

export function invalidArgument(details: string): ServiceError {
  return new ProtocolError(status.INVALID_ARGUMENT, details)
}

export function streamDeleted(stream: string): ServiceError {
  return new ProtocolError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  })
}

/** The refusal of a Delete or Tombstone; an Append answers a conflict with a message instead. */
export function wrongExpectedVersion(
  stream: string,
  expected: ExpectedRevision,
  current: number,
): ServiceError {
  const numbers = { any: -2, no_stream: -1, stream_exists: -4 }
  const expectedVersion = String(typeof expected === 'number' ? expected : numbers[expected])
  return new ProtocolError(
    status.FAILED_PRECONDITION,
    `WrongExpectedVersion. Stream: ${stream}, expected: ${expectedVersion}, actual: ${current}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': expectedVersion,
      'actual-version': String(current),
    },
  )
}

export function appendTooLarge(maxBytes: number): ServiceError {
  return new ProtocolError(status.INVALID_ARGUMENT, `Maximum Append Size of ${maxBytes} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(maxBytes),
  })
}

export function missingEventMetadata(key: string): ServiceError {
  return new ProtocolError(status.INVALID_ARGUMENT, `Required Metadata Property '${key}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  })
}

export function accessDenied(): ServiceError {
  return new ProtocolError(status.UNAUTHENTICATED, 'Access Denied', { exception: 'access-denied' })
}

export function deadlineExceeded(): ServiceError {
  return new ProtocolError(status.DEADLINE_EXCEEDED, 'The append was not begun before its deadline.')
}

export function shuttingDown(): ServiceError {
  return new ProtocolError(status.UNAVAILABLE, 'The server is shutting down.')
}

/** What is thrown, as an answer: our own errors as they are, others as UNKNOWN with their message. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof ProtocolError) return error
  return new ProtocolError(status.UNKNOWN, error instanceof Error ? error.message : String(error))
}
