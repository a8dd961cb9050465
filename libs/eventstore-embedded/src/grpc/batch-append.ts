import type { ServerDuplexStream } from '@grpc/grpc-js'

import type { ExpectedRevision, NewEvent } from '../store/types.ts'
import { failed, maxAppendSizeExceeded, resultReply, timedOut } from './batch-append-replies.ts'
import type { BatchReply } from './batch-append-replies.ts'
import {
  expectedFromWire,
  identifierOf,
  proposedEvent,
  sizeOf,
  uuidFromWire,
  writableStreamOf,
} from './codec.ts'
import type { ServiceContext } from './context.ts'
import { invalidArgument, shuttingDown } from './errors.ts'
import { streams } from './protocol.ts'
import type { Shared, Streams } from './protocol.ts'

type BatchAppendCall = ServerDuplexStream<Streams.BatchAppendReq, Streams.BatchAppendResp>

/** One append, named by its correlation id, until it is answered. */
type Pending = {
  readonly key: string
  readonly correlationId: Shared.UUID | undefined
  readonly stream: string
  readonly expected: ExpectedRevision
  readonly deadline: number
  readonly events: NewEvent[]
  bytes: number
  timer: NodeJS.Timeout | undefined
}

/** The call is read no further while it has this much in hand. */
const MAX_IN_HAND = { appends: 2_000, bytes: 16 * 1024 * 1024 }

/** BatchAppend: many appends over one long call, each in one chunk or several, each answered once. */
export function batchAppendHandler(context: ServiceContext) {
  return (call: BatchAppendCall): void => {
    new BatchAppendSession(context, call).start()
  }
}

class BatchAppendSession {
  /** Appends whose last chunk has not come yet. */
  private readonly unfinished = new Map<string, Pending>()
  private readonly inHand = { appends: 0, bytes: 0 }
  private outputIsFull = false
  private state: 'open' | 'ending' | 'stopping' | 'closed' = 'open'
  private readonly context: ServiceContext
  private readonly call: BatchAppendCall

  constructor(context: ServiceContext, call: BatchAppendCall) {
    this.context = context
    this.call = call
  }

  start(): void {
    const { call } = this
    const { stopping } = this.context
    const stop = () => this.finish('stopping')
    const close = () => {
      stopping.removeEventListener('abort', stop)
      this.finish('closed')
    }
    call.on('data', (message: Streams.BatchAppendReq) => this.receive(message))
    call.on('drain', () => {
      this.outputIsFull = false
      this.readOn()
    })
    call.on('end', () => this.finish('ending'))
    for (const ending of ['error', 'cancelled', 'close']) call.on(ending, close)
    stopping.addEventListener('abort', stop, { once: true })
  }

  private receive(message: Streams.BatchAppendReq): void {
    if (this.state !== 'open') return
    let pending: Pending | undefined
    try {
      pending = this.pendingOf(message)
      if (pending !== undefined) this.addChunk(pending, message)
    } catch (error) {
      if (pending !== undefined) this.release(pending)
      this.reply(message.getCorrelationId(), pending?.stream ?? '', failed(error))
    }
  }

  /** The append that the chunk belongs to; undefined when that one was answered before its last chunk. */
  private pendingOf(message: Streams.BatchAppendReq): Pending | undefined {
    const key = uuidFromWire(message.getCorrelationId())
    const options = message.getOptions()
    if (options === undefined) return this.unfinished.get(key)
    if (this.unfinished.has(key)) throw invalidArgument('this append has begun already')
    const latest = Date.now() + this.context.limits.writeTimeoutMs
    const pending: Pending = {
      key,
      correlationId: message.getCorrelationId(),
      stream: writableStreamOf(options.getStreamIdentifier()),
      expected: expectedFromWire(options, () => options.getStreamPosition()),
      deadline: Math.min(latest, options.getDeadline()?.toDate().getTime() ?? latest),
      events: [],
      bytes: 0,
      timer: undefined,
    }
    this.inHand.appends += 1
    this.unfinished.set(key, pending)
    return pending
  }

  private addChunk(pending: Pending, message: Streams.BatchAppendReq): void {
    for (const proposed of message.getProposedMessagesList()) {
      const event = proposedEvent(proposed)
      pending.events.push(event)
      pending.bytes += sizeOf(event)
      this.inHand.bytes += sizeOf(event)
    }
    const { maxAppendBytes } = this.context.limits
    if (pending.bytes > maxAppendBytes) this.answer(pending, maxAppendSizeExceeded(maxAppendBytes))
    else if (message.getIsFinal()) this.write(pending)
    else this.expectNextChunk(pending)
    if (this.isFull()) this.call.pause()
  }

  private expectNextChunk(pending: Pending): void {
    const waitMs = Math.max(0, pending.deadline - Date.now())
    pending.timer ??= setTimeout(() => this.answer(pending, timedOut()), waitMs)
  }

  private write(pending: Pending): void {
    const { stream, expected, events } = pending
    clearTimeout(pending.timer)
    this.unfinished.delete(pending.key)
    this.context.log.append(pending, events).then(
      (result) => {
        this.context.activity.appended(result.outcome)
        this.answer(pending, resultReply(stream, expected, result))
      },
      (error: unknown) => this.answer(pending, failed(error)),
    )
  }

  private answer(pending: Pending, reply: BatchReply): void {
    this.reply(pending.correlationId, pending.stream, reply)
    this.release(pending)
  }

  private release(pending: Pending): void {
    clearTimeout(pending.timer)
    this.unfinished.delete(pending.key)
    this.inHand.appends -= 1
    this.inHand.bytes -= pending.bytes
    this.readOn()
    this.endWhenAnswered()
  }

  private reply(correlationId: Shared.UUID | undefined, stream: string, reply: BatchReply): void {
    if (this.state === 'closed') return
    const response = new streams.BatchAppendResp()
    response.setCorrelationId(correlationId)
    response.setStreamIdentifier(identifierOf(stream))
    reply(response)
    if (this.call.write(response)) return
    this.outputIsFull = true
    this.call.pause()
  }

  private isFull(): boolean {
    const { appends, bytes } = this.inHand
    return this.outputIsFull || appends >= MAX_IN_HAND.appends || bytes >= MAX_IN_HAND.bytes
  }

  private readOn(): void {
    if (this.call.isPaused() && !this.isFull()) this.call.resume()
  }

  /** Takes no more; appends that are complete are still written and, unless the caller is gone, answered. */
  private finish(how: 'ending' | 'stopping' | 'closed'): void {
    if (this.state === 'closed') return
    this.state = how
    for (const pending of [...this.unfinished.values()]) this.release(pending)
    this.endWhenAnswered()
  }

  private endWhenAnswered(): void {
    if (this.inHand.appends > 0 || this.state === 'open' || this.state === 'closed') return
    if (this.state === 'stopping') this.call.emit('error', shuttingDown())
    else this.call.end()
    this.state = 'closed'
  }
}
