// What all routes of campaign share: limits for each user, problems for passing trouble, and replies.
import { campaignIdTextSchema, canRunCampaign } from '@peyk/contracts'
import { EventStoreUnavailable, WrongRevision } from '@peyk/event-sourcing'
import { NatsUnavailable, NoStream } from '@peyk/messaging'
import {
  type Call,
  type Handler,
  type HttpApi,
  type Method,
  ProblemError,
  type Reply,
  type RouteOptions,
} from '@peyk/service-kit'
import { z } from 'zod'

import { ControlUnavailable } from '../background/control.ts'
import type { CampaignRow } from '../catalogue/catalogue.ts'
import { campaignReply } from '../commands/campaign-row.ts'
import { findCampaign, type Permission } from '../commands/campaigns.ts'
import type { Actor, CommandContext } from '../commands/context.ts'
import { createRequestMemory, type RequestMemory } from '../commands/request-memory.ts'
import { defaultIntervalMs } from '../config.ts'
import { createRateLimits, type RequestKind } from './rate-limits.ts'

export const campaignParams = z.object({ id: campaignIdTextSchema })

/** What a handler of a user's request knows of it. */
type UserCall = Pick<Call<RouteOptions>, 'principal' | 'commandId' | 'correlationId' | 'request'>

/** A route as it was added. */
export interface AddedRoute {
  readonly method: Method
  readonly path: string
  readonly options: RouteOptions
}

export interface Routes {
  /** All routes so far, in the order in which they were added. */
  readonly added: readonly AddedRoute[]
  /** Throws `idempotency_key_reused` when the key of this command came with another request before. */
  readonly demandSame: RequestMemory
  add<const O extends RouteOptions>(method: Method, path: string, options: O, handler: Handler<O>): void
  /** A command to a campaign: found, allowed, done, and answered with what became of it. */
  readonly actor: (call: UserCall) => Actor
  readonly reply: (row: CampaignRow, message: string, more?: Readonly<Record<string, unknown>>) => Reply
  readonly campaign: (row: CampaignRow) => ReturnType<typeof campaignReply>
  /** The campaign of the path, for somebody who may run it unless another permission is named. */
  readonly runnable: (
    call: UserCall & { readonly params: z.output<typeof campaignParams> },
    mayDo?: Permission,
  ) => Promise<CampaignRow>
}

/** Adds routes to the API, each with the limits and problems that all have. */
export const createRoutes = (api: HttpApi, context: CommandContext): Routes => {
  const { settings } = context
  const takeToken = settings.RATE_LIMITS ? createRateLimits() : undefined
  const demandSame = createRequestMemory(context.nats)
  const campaign = (row: CampaignRow) => campaignReply(row, defaultIntervalMs(settings))
  const added: AddedRoute[] = []
  return {
    added,
    add: (method, path, options, handler) => {
      added.push({ method, path, options })
      api.route(method, path, options, async (call) => {
        if (call.principal !== undefined) takeToken?.(call.principal, kindOf(method, options))
        try {
          // Of an upload the route itself says what was sent: it is on its way still.
          if (call.idempotencyKey !== undefined && method !== 'GET' && options.upload === undefined)
            await demandSame(call.commandId, [call.query, call.body])
          return await handler(call)
        } catch (error) {
          throw asProblem(error)
        }
      })
    },
    demandSame,
    actor,
    campaign,
    reply: (row, message, more = {}) => ({
      body: { message, campaign: campaign(row), ...more },
      headers: { etag: etagOf(row) },
    }),
    runnable: (call, mayDo = canRunCampaign) => findCampaign(context, call.principal, call.params.id, mayDo),
  }
}

const kindOf = (method: Method, { upload }: RouteOptions): RequestKind => {
  if (upload !== undefined) return 'upload'
  return method === 'GET' ? 'read' : 'command'
}

/** The revision of the campaign's stream. */
export const etagOf = ({ revision }: CampaignRow): string => `"${revision}"`

const actor = ({ principal, commandId, correlationId, request }: UserCall): Actor => ({
  principal,
  commandId,
  correlationId,
  expectedRevision: revisionOf(request.headers['if-match']),
})

const revisionOf = (ifMatch: string | undefined): bigint | undefined => {
  if (ifMatch === undefined || ifMatch === '*') return undefined
  const revision = /^"(\d{1,18})"$/.exec(ifMatch)?.[1]
  if (revision === undefined) throw new ProblemError('precondition_failed')
  return BigInt(revision)
}

const asProblem = (error: unknown): unknown => {
  if (error instanceof WrongRevision) return new ProblemError('conflict', { cause: error })
  const isPassing =
    error instanceof EventStoreUnavailable ||
    error instanceof NatsUnavailable ||
    error instanceof NoStream ||
    error instanceof ControlUnavailable
  return isPassing
    ? new ProblemError('unavailable', { headers: { 'retry-after': '2' }, cause: error })
    : error
}
