// HTTP for services. The only place that knows express.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import type { Principal } from '@peyk/contracts'
import { trace } from '@opentelemetry/api'
import express, { type Request, type Response } from 'express'
import type { z } from 'zod'

import type { Metrics } from '../admin/metrics.ts'
import {
  type AuthenticationFailure,
  type Authenticator,
  bearerToken,
  problemCodeOfAuthentication,
} from '../auth/authenticator.ts'
import { checkLocalDoor } from '../auth/local-door.ts'
import { BadSettings } from '../config/read-settings.ts'
import type { HttpSettings } from '../config/settings.ts'
import type { Log } from '../log/logger.ts'
import { redactText } from '../log/redact.ts'
import { commandIdOf } from './command-id.ts'
import { type BodyReader, demandJson, jsonBodyReader } from './json-body.ts'
import { listen, type Listening } from './listen.ts'
import { fieldErrorsOf, ProblemError } from './problem-error.ts'
import { sendProblem, sendReply } from './reply.ts'
import { createRequestMetrics, type RequestMetrics } from './request-metrics.ts'
import type { Call, Handler, Method, Reply, RouteOptions } from './route.ts'

export interface HttpApiOptions {
  readonly settings: HttpSettings
  readonly authenticator: Authenticator
  readonly log: Log
  readonly metrics: Metrics
  /** Gets every request that no route takes (a proxy, files); absent: 404. It answers by itself. */
  readonly fallback?: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
}

export interface HttpApi {
  /** Paths are express's (`/api/campaigns/:id`). Of paths that overlap the fixed one comes first. */
  route<const O extends RouteOptions>(method: Method, path: string, options: O, handler: Handler<O>): void
  /** For tests and for servers of one's own. */
  readonly handler: RequestListener
  /** Listens where the settings say; `close` finishes what is running. */
  readonly listen: () => Promise<Listening>
}

/** What is known of a request before its route. */
interface Arrival {
  readonly correlationId: string
  readonly log: Log
}

type Answer = (request: Request, response: Response, arrival: Arrival) => Promise<Reply>

const correlationIdForm = /^[\w.:-]{1,128}$/
const idempotencyKeyForm = /^[\x21-\x7e]{1,255}$/

/** Makes an HTTP API with tokens, validation, problems, metrics and the door of local mode. */
export function createHttpApi(options: HttpApiOptions): HttpApi {
  const { settings, authenticator } = options
  if (authenticator.mode === 'local' && !isLoopback(settings.HOST))
    throw new BadSettings([{ key: 'HOST', message: 'AUTH_MODE=local listens on loopback only' }])
  const app = express()
  for (const feature of ['x-powered-by', 'etag']) app.disable(feature)
  const requests = new Requests(options)
  const readBody = jsonBodyReader(settings.HTTP_BODY_LIMIT)
  const routes = new Map<string, Map<string, Answer>>()

  const addPath = (path: string) => {
    const answers = new Map<string, Answer>()
    routes.set(path, answers)
    app.all(path, (request, response) => requests.answer(request, response, path, answers))
    return answers
  }
  const handler: RequestListener = (request, response) => {
    requests.arrive(request, response, () => {
      app(request as Request, response as Response, (error: unknown) =>
        requests.unmatched(request, response, error),
      )
    })
  }
  return {
    handler,
    route(method, path, route, handle) {
      const answers = routes.get(path) ?? addPath(path)
      if (answers.has(method)) throw new TypeError(`there is a route ${method} ${path} already`)
      answers.set(method, answerOf(route, handle, authenticator, readBody))
    },
    async listen() {
      const listening = await listen(handler, {
        host: settings.HOST,
        port: settings.PORT,
        requestTimeoutMs: settings.HTTP_REQUEST_TIMEOUT,
        maxConnections: settings.HTTP_MAX_CONNECTIONS,
      })
      return {
        ...listening,
        close: () => {
          requests.draining = true
          return listening.close()
        },
      }
    },
  }
}

const isLoopback = (host: string | undefined) =>
  host === undefined || host === '127.0.0.1' || host === '::1' || host === 'localhost'

/** From a route to what answers it: token, roles, parameters, query, body, handler, in this order. */
function answerOf<O extends RouteOptions>(
  route: O,
  handle: Handler<O>,
  authenticator: Authenticator,
  readBody: BodyReader,
): Answer {
  return async (request, response, { correlationId, log }) => {
    const principal = route.access === 'public' ? undefined : await principalOf(request, authenticator)
    demandRole(route, principal)
    const params = parse(route.params, request.params, 'params') ?? request.params
    const query = parse(route.query, { ...request.query }, 'query')
    if (route.body === undefined && route.upload === undefined) demandJson(request)
    const body = route.body === undefined ? undefined : parse(route.body, await readBody(request, response))
    const idempotencyKey = idempotencyKeyOf(request)
    const { method, path } = request
    const call = {
      principal,
      params,
      query,
      body,
      commandId: commandIdOf({ principal, idempotencyKey, method, path }),
      idempotencyKey,
      correlationId,
      signal: signalOf(response),
      log,
      request,
    }
    // The parts were parsed with the route's own schemas, which is what Call<O> says.
    return handle(call as unknown as Call<O>)
  }
}

async function principalOf(request: Request, authenticator: Authenticator): Promise<Principal> {
  const result = await authenticator.authenticate(bearerToken(request.headers.authorization))
  if (result.kind === 'authenticated') return result.principal
  throw authenticationProblem(result.reason, result.claim)
}

/** The problem of a refused token. */
export function authenticationProblem(reason: AuthenticationFailure, claim?: string): ProblemError {
  const code = problemCodeOfAuthentication(reason)
  const detail = `${reason.replaceAll('_', ' ')}${claim === undefined ? '' : `: ${claim}`}`
  if (code === 'unavailable') return new ProblemError(code, { detail, headers: { 'retry-after': '2' } })
  const challenge = reason === 'missing' ? 'Bearer' : `Bearer error="invalid_token"`
  return new ProblemError(code, { detail, headers: { 'www-authenticate': challenge } })
}

function demandRole(route: RouteOptions, principal: Principal | undefined): void {
  if (route.roles === undefined || route.roles.some((role) => principal?.roles.includes(role) === true))
    return
  throw new ProblemError('forbidden', { detail: `needs one of the roles: ${route.roles.join(', ')}` })
}

function parse(schema: z.ZodType | undefined, value: unknown, prefix?: string): unknown {
  if (schema === undefined) return undefined
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ProblemError('invalid_request', { errors: fieldErrorsOf(result.error, prefix) })
}

function idempotencyKeyOf(request: Request): string | undefined {
  const key = request.get('idempotency-key')
  if (key === undefined || idempotencyKeyForm.test(key)) return key
  throw new ProblemError('invalid_request', {
    errors: [
      { path: 'Idempotency-Key', code: 'invalid_format', message: '1 to 255 visible ASCII characters' },
    ],
  })
}

function signalOf(response: Response): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client went away'))
  })
  return gone.signal
}

/** The way of each request from its arrival to its last byte, whatever answers it. */
class Requests {
  draining = false
  private readonly options: HttpApiOptions
  private readonly metrics: RequestMetrics
  private readonly arrivals = new WeakMap<IncomingMessage, Arrival & { route: string }>()

  constructor(options: HttpApiOptions) {
    this.options = options
    this.metrics = createRequestMetrics(options.metrics)
  }

  /** Headers that every answer has, the metrics, and the door of local mode. */
  arrive(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const given = request.headers['x-correlation-id']
    const correlationId = isCorrelationId(given) ? given : randomUUID()
    const arrival = { correlationId, log: this.options.log.child({ correlationId }), route: 'unmatched' }
    this.arrivals.set(request, arrival)
    trace.getActiveSpan()?.setAttribute('peyk.correlation_id', correlationId)
    const end = this.metrics.begin()
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : 499
      end({ method: knownMethod(request.method), route: arrival.route, status })
    })
    response.setHeader('x-correlation-id', correlationId)
    response.setHeader('x-content-type-options', 'nosniff')
    if (this.draining) response.setHeader('connection', 'close')
    const refusal = this.refusalAtDoor(request)
    if (refusal === undefined) next()
    else
      this.fail(
        request,
        response,
        new ProblemError('forbidden_origin', { detail: refusal.replaceAll('_', ' ') }),
      )
  }

  async answer(request: Request, response: Response, path: string, answers: ReadonlyMap<string, Answer>) {
    const arrival = this.arrivalOf(request)
    arrival.route = path
    const span = trace.getActiveSpan()
    span?.updateName(`${request.method} ${path}`).setAttribute('http.route', path)
    const isHead = request.method === 'HEAD'
    try {
      const answer = answers.get(isHead ? 'GET' : request.method)
      if (answer === undefined) throw new ProblemError('method_not_allowed', { headers: allow(answers) })
      const reply = await answer(request, response, arrival)
      if (!response.headersSent) response.setHeader('cache-control', 'no-store')
      await sendReply(response, reply, isHead)
    } catch (error) {
      this.fail(request, response, error)
    }
  }

  /** No route took it, or express itself failed (a path that cannot be decoded). */
  unmatched(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const { fallback } = this.options
    if (error !== undefined && error !== null) {
      const isClients = error instanceof Error && 'status' in error && error.status === 400
      this.fail(request, response, isClients ? new ProblemError('invalid_request', { cause: error }) : error)
    } else if (fallback === undefined) this.fail(request, response, new ProblemError('not_found'))
    else {
      this.arrivalOf(request).route = 'fallback'
      void this.fallBack(fallback, request, response)
    }
  }

  private async fallBack(
    fallback: NonNullable<HttpApiOptions['fallback']>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      await fallback(request, response)
    } catch (error) {
      this.fail(request, response, error)
    }
  }

  private refusalAtDoor(request: IncomingMessage) {
    if (this.options.authenticator.mode !== 'local') return undefined
    const { PUBLIC_PORT } = this.options.settings
    const ports = [PUBLIC_PORT, request.socket.localPort].filter((port) => port !== undefined)
    return checkLocalDoor(request.headers, ports)
  }

  private fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const { route, log } = this.arrivalOf(request)
    const problem = error instanceof ProblemError ? error : new ProblemError('internal', { cause: error })
    // The client went away in the middle of a stream: nobody is left to be told.
    if (response.destroyed && !(error instanceof ProblemError)) {
      log.info({ route }, 'request_aborted')
      return
    }
    this.metrics.problem(route, problem.code)
    const { status } = problem.problem
    const method = request.method
    if (status === 500) log.error({ method, route, status, error }, 'request_failed')
    else if (status > 500) log.warn({ method, route, status, code: problem.code }, 'request_unavailable')
    else log.debug({ method, route, status, code: problem.code }, 'request_refused')
    sendProblem(response, problem, method === 'HEAD')
  }

  private arrivalOf(request: IncomingMessage): Arrival & { route: string } {
    const arrival = this.arrivals.get(request)
    if (arrival === undefined) throw new TypeError('a request that did not arrive (http-api 1)')
    return arrival
  }
}

const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** A client's own id is taken on, unless it could be a number or a token: it reaches logs and metadata. */
const isCorrelationId = (given: unknown): given is string =>
  typeof given === 'string' && correlationIdForm.test(given) && redactText(given) === given

/** A label of few values, whatever the client writes. */
const knownMethod = (method: string | undefined) =>
  methods.includes(method ?? '') ? (method ?? '') : 'other'

const allow = (answers: ReadonlyMap<string, Answer>) => ({
  allow: [...answers.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', '),
})
