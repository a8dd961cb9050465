import { afterAll, describe, expect, test } from '@jest/globals'

import { NoResponder, RequestRefused } from './errors.ts'
import { request, respond } from './request-reply.ts'
import { startNats } from './test-support.ts'

const context = await startNats()
afterAll(() => context.stop())

describe('request and respond', () => {
  test('the question arrives, the answer comes back', async () => {
    const end = new AbortController()
    respond(
      context.nats,
      'echo.*',
      (question) => Promise.resolve({ got: question.json(), on: question.subject }),
      end.signal,
    )
    expect((await request(context.nats, 'echo.1', { a: 1 })).json()).toEqual({ got: { a: 1 }, on: 'echo.1' })
    end.abort()
    await expect(request(context.nats, 'echo.1', {})).rejects.toThrow(NoResponder)
  })

  test('a refusal arrives with its code, a bug does not tell its text', async () => {
    const end = new AbortController()
    respond(
      context.nats,
      'no',
      ({ subject }) => Promise.reject(new RequestRefused(subject, 'not_linked')),
      end.signal,
    )
    respond(context.nats, 'bug', () => Promise.reject(new Error('a secret')), end.signal)
    const refused = request(context.nats, 'no', {})
    await expect(refused).rejects.toThrow(RequestRefused)
    await expect(refused).rejects.toMatchObject({ code: 'not_linked' })
    await expect(request(context.nats, 'bug', {})).rejects.toMatchObject({ code: 'internal' })
    end.abort()
  })

  test('nobody who answers in time is NatsUnavailable', async () => {
    const end = new AbortController()
    respond(context.nats, 'slow', () => new Promise(() => undefined), end.signal)
    await expect(request(context.nats, 'slow', {}, { timeoutMs: 100 })).rejects.toMatchObject({
      outcome: 'unknown',
    })
    end.abort()
  })
})
