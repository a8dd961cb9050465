// Writing answers: JSON, streams, problems.
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import type { ProblemError } from './problem-error.ts'
import type { Reply } from './route.ts'

/** Writes what a handler answered and waits until it is sent. */
export async function sendReply(response: ServerResponse, reply: Reply, isHead: boolean): Promise<void> {
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if (reply.stream !== undefined) return sendStream(response, reply, isHead)
  if (reply.body === undefined) {
    response.statusCode = reply.status ?? 204
    response.end()
    return
  }
  response.statusCode = reply.status ?? 200
  sendText(response, 'application/json; charset=utf-8', JSON.stringify(reply.body), isHead)
}

async function sendStream(response: ServerResponse, reply: Reply, isHead: boolean): Promise<void> {
  const { stream } = reply
  response.statusCode = reply.status ?? 200
  if (stream === undefined || typeof stream === 'string' || Buffer.isBuffer(stream)) {
    response.setHeader('content-length', Buffer.byteLength(stream ?? ''))
    response.end(isHead ? undefined : stream)
    return
  }
  const source = stream instanceof Readable ? stream : Readable.fromWeb(stream)
  if (isHead) {
    source.destroy()
    response.end()
    return
  }
  await pipeline(source, response)
}

function sendText(response: ServerResponse, type: string, text: string, isHead: boolean): void {
  const bytes = Buffer.from(text)
  response.setHeader('content-type', type)
  response.setHeader('content-length', bytes.byteLength)
  response.end(isHead ? undefined : bytes)
}

/** Writes a problem; when the answer has begun already, the connection is cut so that the client sees that it is not whole. */
export function sendProblem(response: ServerResponse, error: ProblemError, isHead = false): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  for (const name of ['content-length', 'content-disposition', 'etag', 'location'])
    response.removeHeader(name)
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
  const { problem } = error
  response.statusCode = problem.status
  sendText(response, 'application/problem+json; charset=utf-8', JSON.stringify(problem), isHead)
}
