// A route: what it demands of a request, and what its handler gets and answers.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'

import type { CommandId, Principal, Role } from '@peyk/contracts'
import type { z } from 'zod'

import type { Log } from '../log/logger.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined

export interface RouteOptions {
  /** One of these roles is needed; absent: any user. */
  readonly roles?: readonly Role[]
  /** `public` needs no token; its handler has no principal. */
  readonly access?: 'public'
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  /** The JSON body. Absent: the handler may read `request` as a stream (uploads). */
  readonly body?: z.ZodType
  /** `stream`: any media type, the handler reads `request` itself. */
  readonly upload?: 'stream'
}

export interface Call<O extends RouteOptions> {
  readonly principal: O extends { access: 'public' } ? undefined : Principal
  readonly params: O['params'] extends z.ZodType ? Parsed<O['params']> : Readonly<Record<string, string>>
  readonly query: Parsed<O['query']>
  readonly body: Parsed<O['body']>
  /** The same for the same `Idempotency-Key` of the same user on the same route; else a new one. */
  readonly commandId: CommandId
  readonly idempotencyKey: string | undefined
  readonly correlationId: string
  /** Aborted when the client goes away before its answer. */
  readonly signal: AbortSignal
  /** Carries the correlation id. */
  readonly log: Log
  readonly request: IncomingMessage
}

export interface Reply {
  /** 200, or 204 without a body. */
  readonly status?: number
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is; give a `content-type`. */
  readonly stream?: Readable | ReadableStream<Uint8Array> | Buffer | string
  readonly headers?: Readonly<Record<string, string>>
}

export type Handler<O extends RouteOptions> = (call: Call<O>) => Reply | Promise<Reply>
