// The long form of what the contract checks for one restart: servers and writers killed again and again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import {
  appendUntilAcknowledged,
  collect,
  newEvent,
  newName,
  type ContractServer,
} from './contract/contract-context.ts'
import { embeddedContractServer } from './contract/embedded-server.contract.ts'
import { connectEventStore } from './esdb/connect-event-store.ts'
import type { EventStore, ExpectedRevision } from './event-store.ts'

const ROUNDS = 10
const WRITERS = 32

let server: ContractServer
let store: EventStore

beforeEach(async () => {
  server = await embeddedContractServer()
  store = connectEventStore(server.url)
})

afterEach(async () => {
  await store.close()
  await server.close()
})

test(`the server killed ${ROUNDS} times under ${WRITERS} writers loses, doubles and skips nothing`, async () => {
  const prefix = newName()
  const stop = new AbortController()
  let acknowledged = 0
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    const written: string[] = []
    let expected: ExpectedRevision = 'no-stream'
    while (!stop.signal.aborted) {
      const events = [newEvent(), newEvent()]
      expected = (await appendUntilAcknowledged(store, `${prefix}-${writer}`, events, expected)).revision
      written.push(...events.map(({ id }) => id))
      acknowledged += 1
    }
    return written
  })
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = acknowledged
    await eventually(() => acknowledged > before + 200, { what: 'the writers to go on' })
    await server.kill()
  }
  stop.abort()
  const written = await Promise.all(writers)
  for (const [writer, ids] of written.entries()) {
    const recorded = await collect(store.readStream(`${prefix}-${writer}`))
    expect(recorded.map(({ id }) => id)).toEqual(ids)
    expect(recorded.map(({ revision }) => Number(revision))).toEqual(ids.map((_, index) => index))
  }
}, 300_000)

test('a writer killed in the middle of its commands, and begun again, gives the events of each command once', async () => {
  const streamName = newName()
  const commands = 80
  const program = fileURLToPath(new URL('./contract/counting-writer.ts', import.meta.url))
  let isDone = false
  for (let kills = 0; !isDone; kills += 1) {
    const child = spawn(process.execPath, [program, server.url, streamName, String(commands)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let newest = ''
    let seen = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      newest += text
      seen += text.split('\n').length - 1
      // Each time a little further, so that the kills fall all over the stream.
      if (kills < ROUNDS && seen > (kills * commands) / ROUNDS) child.kill('SIGKILL')
    })
    await once(child, 'close')
    isDone = newest.includes('done')
  }
  const recorded = await collect(store.readStream(streamName))
  const expected = Array.from({ length: commands }, (_, command) => [
    { command, part: 0 },
    { command, part: 1 },
  ])
  expect(recorded.map(({ data }) => data)).toEqual(expected.flat())
}, 300_000)
