import type { sendUnaryData, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js'

import type { ExpectedRevision, NewEvent, WriteResult } from '../store/types.ts'
import { expectedFromWire, proposedEvent, sizeOf, writableStreamOf } from './codec.ts'
import type { ServiceContext } from './context.ts'
import {
  appendTooLarge,
  asServiceError,
  deadlineExceeded,
  invalidArgument,
  streamDeleted,
  wrongExpectedVersion,
} from './errors.ts'
import { shared, streams } from './protocol.ts'
import type { Streams } from './protocol.ts'

type AppendCall = ServerReadableStream<Streams.AppendReq, Streams.AppendResp>
type Target = Readonly<{ stream: string; expected: ExpectedRevision }>

/** Append: options, then events, one answer at the end. Clients use it when a call carries credentials. */
export function appendHandler(context: ServiceContext) {
  return (call: AppendCall, answer: sendUnaryData<Streams.AppendResp>): void => {
    const request = new AppendRequest(context.limits.maxAppendBytes)
    let answered = false
    const refuse = (error: unknown) => {
      if (answered) return
      answered = true
      context.activity.appended('refused')
      answer(asServiceError(error))
    }
    call.on('data', (message: Streams.AppendReq) => {
      if (answered) return
      try {
        request.accept(message)
      } catch (error) {
        refuse(error)
      }
    })
    call.on('error', refuse)
    call.on('end', () => {
      if (answered) return
      write(context, request).then((response) => {
        answered = true
        answer(null, response)
      }, refuse)
    })
  }
}

/** Collects the chunks of one append. */
class AppendRequest {
  readonly events: NewEvent[] = []
  private target: Target | undefined
  private bytes = 0
  private readonly maxBytes: number

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  accept(message: Streams.AppendReq): void {
    const options = message.getOptions()
    const proposed = message.getProposedMessage()
    if (options !== undefined) {
      this.target = {
        stream: writableStreamOf(options.getStreamIdentifier()),
        expected: expectedFromWire(options, () => options.getRevision()),
      }
    }
    if (proposed === undefined) return
    const event = proposedEvent(proposed)
    this.bytes += sizeOf(event)
    if (this.bytes > this.maxBytes) throw appendTooLarge(this.maxBytes)
    this.events.push(event)
  }

  requireTarget(): Target {
    if (this.target === undefined) throw invalidArgument('an append begins with its options')
    return this.target
  }
}

async function write({ log, limits, activity }: ServiceContext, request: AppendRequest) {
  const { stream, expected } = request.requireTarget()
  const deadline = Date.now() + limits.writeTimeoutMs
  const result = await log.append({ stream, expected, deadline }, request.events)
  activity.appended(result.outcome)
  return appendResponse(stream, expected, result)
}

function appendResponse(stream: string, expected: ExpectedRevision, result: WriteResult): Streams.AppendResp {
  switch (result.outcome) {
    case 'written':
      return new streams.AppendResp().setSuccess(success(result.revision, result.position))
    case 'wrong_revision':
      return new streams.AppendResp().setWrongExpectedVersion(conflict(expected, result.current))
    case 'stream_deleted':
      throw streamDeleted(stream)
    case 'too_late':
      throw deadlineExceeded()
  }
}

function success(revision: number, position: number): Streams.AppendResp.Success {
  const message = new streams.AppendResp.Success()
  if (revision < 0) message.setNoStream(new shared.Empty())
  else message.setCurrentRevision(String(revision))
  const at = new streams.AppendResp.Position()
  at.setCommitPosition(String(position))
  at.setPreparePosition(String(position))
  return message.setPosition(at)
}

function conflict(expected: ExpectedRevision, current: number): Streams.AppendResp.WrongExpectedVersion {
  const message = new streams.AppendResp.WrongExpectedVersion()
  if (current < 0) message.setCurrentNoStream(new shared.Empty())
  else message.setCurrentRevision(String(current))
  if (expected === 'any') message.setExpectedAny(new shared.Empty())
  else if (expected === 'no_stream') message.setExpectedNoStream(new shared.Empty())
  else if (expected === 'stream_exists') message.setExpectedStreamExists(new shared.Empty())
  else message.setExpectedRevision(String(expected))
  return message
}

type DeleteCall = ServerUnaryCall<Streams.DeleteReq, Streams.DeleteResp>
type TombstoneCall = ServerUnaryCall<Streams.TombstoneReq, Streams.TombstoneResp>

/** Delete: the stream may be written again later. */
export function deleteHandler(context: ServiceContext) {
  return (call: DeleteCall, answer: sendUnaryData<Streams.DeleteResp>): void => {
    remove(context, call.request.getOptions(), (request) => context.log.softDelete(request)).then(
      (position) => {
        const at = new streams.DeleteResp.Position()
        at.setCommitPosition(position)
        at.setPreparePosition(position)
        answer(null, new streams.DeleteResp().setPosition(at))
      },
      (error: unknown) => answer(asServiceError(error)),
    )
  }
}

/** Tombstone: the stream is gone for ever. */
export function tombstoneHandler(context: ServiceContext) {
  return (call: TombstoneCall, answer: sendUnaryData<Streams.TombstoneResp>): void => {
    remove(context, call.request.getOptions(), (request) => context.log.tombstone(request)).then(
      (position) => {
        const at = new streams.TombstoneResp.Position()
        at.setCommitPosition(position)
        at.setPreparePosition(position)
        answer(null, new streams.TombstoneResp().setPosition(at))
      },
      (error: unknown) => answer(asServiceError(error)),
    )
  }
}

type RemoveOptions = Streams.DeleteReq.Options | Streams.TombstoneReq.Options
type Remove = (request: Target & { deadline: number }) => Promise<WriteResult>

/** The position of the removal, as the wire wants it. */
async function remove(
  { limits }: ServiceContext,
  options: RemoveOptions | undefined,
  run: Remove,
): Promise<string> {
  if (options === undefined) throw invalidArgument('a delete needs its options')
  const stream = writableStreamOf(options.getStreamIdentifier())
  const expected = expectedFromWire(options, () => options.getRevision())
  const result = await run({ stream, expected, deadline: Date.now() + limits.writeTimeoutMs })
  switch (result.outcome) {
    case 'written':
      return String(result.position)
    case 'wrong_revision':
      throw wrongExpectedVersion(stream, expected, result.current)
    case 'stream_deleted':
      throw streamDeleted(stream)
    case 'too_late':
      throw deadlineExceeded()
  }
}
