// The command as a process, on a real nats-server.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { natsTopology } from '@peyk/contracts'
import {
  connectNats,
  createPublisher,
  deadLetterHeaders,
  ensureStreams,
  messageAt,
  type Nats,
  type NatsServer,
  startNatsServer,
  streamInfo,
} from '@peyk/messaging'

const run = promisify(execFile)
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
let server: NatsServer
let nats: Nats

beforeAll(async () => {
  server = await startNatsServer()
  nats = await connectNats({ url: server.url, name: 'test' })
  await ensureStreams(nats, natsTopology(1), { role: 'owner', log })
  for (const position of [1, 2])
    await createPublisher(nats).publish(
      'dead.DISPATCH',
      { position, phone: '989121234567' },
      {
        id: String(position),
        headers: {
          'peyk-correlation-id': 'c1',
          [deadLetterHeaders.subject]: 'dispatch.acme.1.wa_a',
          [deadLetterHeaders.reason]: 'failed',
          [deadLetterHeaders.error]: 'cannot send to 989121234567',
        },
      },
    )
}, 30_000)
afterAll(async () => {
  await nats.close()
  await server.dispose()
})

const deadLetters = async (...args: string[]) => {
  const program = join(import.meta.dirname, 'dead-letters.ts')
  const { stdout } = await run(process.execPath, [program, ...args, '--nats', server.url])
  return stdout
}

test('lists and shows without a number, puts back what is retried, forgets what is dropped', async () => {
  const listed = await deadLetters('list')
  expect(listed.trim().split('\n')).toHaveLength(2)
  expect(listed).toContain('dispatch.acme.1.wa_a')
  const shown = await deadLetters('show', '1')
  expect(shown).toContain('"position":1')
  for (const text of [listed, shown]) expect(text).not.toContain('989121234567')

  expect(await deadLetters('retry', '1')).toContain('back on dispatch.acme.1.wa_a')
  const back = await messageAt(nats, 'DISPATCH', 1)
  expect(back?.json()).toEqual({ position: 1, phone: '989121234567' })
  expect(back?.headers['peyk-correlation-id']).toBe('c1')
  expect(Object.keys(back?.headers ?? {}).filter((name) => name.startsWith('peyk-dead'))).toEqual([])

  await deadLetters('drop', '2')
  expect((await streamInfo(nats, 'DEAD_LETTERS')).messages).toBe(0)
  expect(await deadLetters('list')).toContain('there are none')
  await expect(deadLetters('show', '2')).rejects.toThrow('there is no dead letter 2')
}, 60_000)
