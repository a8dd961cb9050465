import { status } from '@grpc/grpc-js'
import type { Message } from 'google-protobuf'

import type { ExpectedRevision, WriteResult } from '../store/types.ts'
import { identifierOf } from './codec.ts'
import { asServiceError } from './errors.ts'
import { Any, Code, GoogleEmpty, rpcStatus, shared, streams } from './protocol.ts'
import type { RpcCode, Streams } from './protocol.ts'

/** Writes the outcome of an append into its answer. */
export type BatchReply = (response: Streams.BatchAppendResp) => void

export function resultReply(stream: string, expected: ExpectedRevision, result: WriteResult): BatchReply {
  switch (result.outcome) {
    case 'written':
      return success(result.revision, result.position)
    case 'wrong_revision':
      return conflict(expected, result.current)
    case 'stream_deleted': {
      const message = new shared.StreamDeleted().setStreamIdentifier(identifierOf(stream))
      return typedError(Code.NOT_FOUND, 'StreamDeleted', message)
    }
    case 'too_late':
      return timedOut()
  }
}

export function timedOut(): BatchReply {
  return typedError(Code.DEADLINE_EXCEEDED, 'Timeout', new shared.Timeout())
}

export function maxAppendSizeExceeded(maxBytes: number): BatchReply {
  const message = new shared.MaximumAppendSizeExceeded().setMaxappendsize(maxBytes)
  return typedError(Code.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', message)
}

/** What was thrown: a malformed request, or trouble of our own. */
export function failed(error: unknown): BatchReply {
  const { code, details } = asServiceError(error)
  if (code !== status.INVALID_ARGUMENT)
    return typedError(Code.UNKNOWN, 'Unknown', new shared.Unknown(), details)
  return typedError(Code.INVALID_ARGUMENT, 'BadRequest', new shared.BadRequest().setMessage(details), details)
}

function success(revision: number, position: number): BatchReply {
  return (response) => {
    const message = new streams.BatchAppendResp.Success()
    if (revision < 0) message.setNoStream(new GoogleEmpty())
    else message.setCurrentRevision(String(revision))
    const at = new shared.AllStreamPosition()
    at.setCommitPosition(String(position))
    at.setPreparePosition(String(position))
    response.setSuccess(message.setPosition(at))
  }
}

function conflict(expected: ExpectedRevision, current: number): BatchReply {
  const message = new shared.WrongExpectedVersion()
  if (current < 0) message.setCurrentNoStream(new GoogleEmpty())
  else message.setCurrentStreamRevision(String(current))
  if (expected === 'any') message.setExpectedAny(new GoogleEmpty())
  else if (expected === 'no_stream') message.setExpectedNoStream(new GoogleEmpty())
  else if (expected === 'stream_exists') message.setExpectedStreamExists(new GoogleEmpty())
  else message.setExpectedStreamPosition(String(expected))
  return typedError(Code.ALREADY_EXISTS, 'WrongExpectedVersion', message)
}

/** A `google.rpc.Status` whose detail is one of the protocol's error messages, packed under its full name. */
function typedError(code: RpcCode, name: string, message: Message, text = name): BatchReply {
  const detail = new Any()
  detail.pack(message.serializeBinary(), `event_store.client.${name}`)
  const error = new rpcStatus.Status().setCode(code).setMessage(text).setDetails(detail)
  return (response) => {
    response.setError(error)
  }
}
