import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import { afterEach, describe, expect, test } from '@jest/globals'

import { listen, type Listening, type ListenOptions } from './listen.ts'

const open: Listening[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ close }) => close()))
})

async function serve(handler: RequestListener, options: Partial<ListenOptions> = {}) {
  const listening = await listen(handler, { port: 0, ...options })
  open.push(listening)
  return listening
}

const hello: RequestListener = (_, response) => response.end('hello')

describe('without a host', () => {
  test('it listens on IPv4 and IPv6 with the same port', async () => {
    const { port, servers } = await serve(hello)
    const hosts = servers.length === 2 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']
    for (const host of hosts) expect(await (await fetch(`http://${host}:${port}`)).text()).toBe('hello')
  })

  test('a taken port is named, and nothing is left open', async () => {
    const { port } = await serve(hello)
    await expect(serve(hello, { port })).rejects.toThrow(`port ${port} is taken`)
  })
})

describe('bytes that are no request', () => {
  const send = (port: number, bytes: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(bytes)
    return text(socket)
  }

  test('get a problem', async () => {
    const { port } = await serve(hello)
    const garbage = await send(port, 'no http at all\r\n\r\n')
    expect(garbage).toContain('HTTP/1.1 400 Bad Request')
    expect(garbage).toContain('"code":"invalid_request"')
    expect(await send(port, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)).toContain(
      '"code":"payload_too_large"',
    )
  })

  test('that never become one are cut (slow-loris)', async () => {
    const { port } = await serve(hello, { requestTimeoutMs: 200 })
    expect(await send(port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-le')).toContain('"code":"request_timeout"')
  })
})

describe('close', () => {
  /** A server whose answer waits until `go`. */
  async function serveSlowly(options: Partial<ListenOptions> = {}) {
    const entered = Promise.withResolvers<undefined>()
    const go = Promise.withResolvers<undefined>()
    const listening = await serve((_, response) => {
      entered.resolve(undefined)
      void go.promise.then(() => response.end('done'))
    }, options)
    const answer = fetch(listening.url).then((response) => response.text())
    await entered.promise
    return { ...listening, answer, go: () => go.resolve(undefined) }
  }

  test('lets a running request finish and takes no new one', async () => {
    const { answer, go, close, url } = await serveSlowly()
    const closed = close()
    await expect(fetch(url)).rejects.toThrow()
    go()
    expect(await answer).toBe('done')
    await closed
  })

  test('cuts what is still running after the grace', async () => {
    const { answer, close, go } = await serveSlowly({ closeGraceMs: 50 })
    const cut = expect(answer).rejects.toThrow()
    await close()
    await cut
    go()
  })

  test('does not wait for idle connections', async () => {
    const { port, close } = await serve(hello)
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(socket, 'data')
    const gone = once(socket, 'close')
    await close()
    await gone
  })
})
