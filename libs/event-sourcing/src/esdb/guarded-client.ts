// The client, with its known faults fenced in (6.2.1). Its pinned version is part of this file's contract.
//
// A batch append runs over one long call that many appends share. When that call breaks, the client rejects the
// appends of *every* call of the process, and
//  - an answer that comes later, over a call that lives, finds no append and throws out of an event listener;
//  - a write that waits for its turn rejects inside an async executor, where nobody can catch it;
//  - trouble while it reconnects rejects a promise that nobody holds.
// Each would end the process.
import { EventStoreDBClient } from '@eventstore/db-client'

import { pause } from '../back-off.ts'

interface BatchCall {
  on: (event: string, listener: (message: unknown) => void) => BatchCall
  write: (...message: unknown[]) => boolean
  cancel: () => void
}

interface BatchService {
  batchAppend: (...options: unknown[]) => BatchCall
}

type StreamCreator = (
  service: unknown,
  name: string,
  creator: (grpc: BatchService) => unknown,
  /** Given for calls that are shared: batch appends alone. */
  cache?: unknown,
) => () => Promise<unknown>

interface ClientInternals {
  GRPCStreamCreator: StreamCreator
  handleError: (grpc: unknown, error: unknown) => Promise<void>
  getChannel: () => Promise<{ close: () => void }>
}

export interface GuardedClient {
  readonly client: EventStoreDBClient
  /** Lets go of a connection that answers no more: its appends fail, its reads and subscriptions may finish. */
  readonly abandon: () => void
  readonly dispose: () => Promise<void>
}

/** The client waits without end for calls that do not end. */
const DISPOSE_MS = 1_000

const ignore = () => undefined

export const openGuardedClient = (url: string): GuardedClient => {
  const client = EventStoreDBClient.connectionString(url)
  const internals = client as unknown as ClientInternals
  const batchCalls = new Set<BatchCall>()

  const createStream = internals.GRPCStreamCreator
  internals.GRPCStreamCreator = (service, name, creator, cache) =>
    cache === undefined
      ? createStream(service, name, creator)
      : createStream(service, name, (grpc) => creator(guardBatchService(grpc, batchCalls)), cache)
  const handleError = internals.handleError
  internals.handleError = (grpc, error) => handleError(grpc, error).catch(ignore)

  const closeChannel = () => internals.getChannel().then((channel) => channel.close(), ignore)
  return {
    client,
    abandon: () => {
      for (const call of batchCalls) call.cancel()
      void closeChannel()
    },
    dispose: async () => {
      const isDisposed = new AbortController()
      await Promise.race([client.dispose(), pause(DISPOSE_MS, isDisposed.signal)])
      isDisposed.abort()
      await closeChannel()
    },
  }
}

const guardBatchService = (grpc: BatchService, calls: Set<BatchCall>): BatchService => ({
  batchAppend: (...options) => {
    const call = grpc.batchAppend(...options)
    calls.add(call)
    const forget = () => calls.delete(call)
    call.on('error', forget)
    call.on('end', forget)
    return tolerateLateAnswers(neverWaitForDrain(call))
  },
})

/** An answer to an append that was given up is dropped; its retry, with the same ids, gets the same answer. */
const tolerateLateAnswers = (call: BatchCall): BatchCall => {
  const on = call.on.bind(call)
  const tolerant = (listener: (message: unknown) => void) => (message: unknown) => {
    try {
      listener(message)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
    }
  }
  call.on = (event, listener) => on(event, event === 'data' ? tolerant(listener) : listener)
  return call
}

/** Writes queue inside the call, where its failure reaches them; `maxPendingBytes` bounds that queue. */
const neverWaitForDrain = (call: BatchCall): BatchCall => {
  const write = call.write.bind(call)
  call.write = (...message) => {
    write(...message)
    return true
  }
  return call
}
