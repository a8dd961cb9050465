// JSON bodies: bounded, of the right media type, and without keys that reach a prototype.
import express, { type Request, type RequestHandler, type Response } from 'express'

import { ProblemError } from './problem-error.ts'

/** A SyntaxError, so that express's parser hands it on as it is. */
class PollutingKey extends SyntaxError {}

/** `__proto__`, and `constructor` with a `prototype` in it, are no data. */
function refusePollution(key: string, value: unknown): unknown {
  const isPolluting =
    key === '__proto__' ||
    (key === 'constructor' &&
      typeof value === 'object' &&
      value !== null &&
      Object.hasOwn(value, 'prototype'))
  if (isPolluting) throw new PollutingKey('a key that is no data')
  return value
}

const hasBody = (request: Request) =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0

/** Refuses a body that is not declared as JSON. */
export function demandJson(request: Request): void {
  if (!hasBody(request) || request.is(['application/json', 'application/*+json']) !== false) return
  throw new ProblemError('unsupported_media_type', { detail: 'send the body as application/json' })
}

export type BodyReader = (request: Request, response: Response) => Promise<unknown>

/** Reads JSON bodies up to the limit; no body at all counts as `{}`, so that each missing field is named. */
export function jsonBodyReader(limitBytes: number): BodyReader {
  const parse: RequestHandler = express.json({
    limit: limitBytes,
    type: () => true,
    reviver: refusePollution,
  })
  return async (request, response) => {
    demandJson(request)
    if (!hasBody(request)) return {}
    await new Promise<void>((resolve, reject) => {
      parse(request, response, (error?: unknown) => {
        if (error === undefined) resolve()
        else reject(bodyProblem(error, limitBytes))
      })
    })
    const body: unknown = request.body
    return body
  }
}

function bodyProblem(error: unknown, limitBytes: number): ProblemError {
  if (error instanceof PollutingKey)
    return new ProblemError('invalid_request', { detail: 'the body has a key that is not allowed' })
  const type = error instanceof Error && 'type' in error ? error.type : undefined
  switch (type) {
    case 'entity.too.large':
      return new ProblemError('payload_too_large', {
        detail: `at most ${limitBytes} bytes`,
        // The rest of the body is not read: the connection cannot be used again.
        headers: { connection: 'close' },
      })
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return new ProblemError('unsupported_media_type', { detail: 'send UTF-8, plain, gzip, deflate or br' })
    default:
      return new ProblemError('invalid_json')
  }
}
