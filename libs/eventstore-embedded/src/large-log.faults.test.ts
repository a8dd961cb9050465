import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { START, streamNameFilter } from '@eventstore/db-client'
import { expect, test } from '@jest/globals'
import { temporaryFolder } from '@peyk/testing'

import { spawnEventStore } from './spawn.ts'
import { DATABASE_FILE } from './store/database.ts'
import { EventLog } from './store/event-log.ts'
import { connect } from './testing/client.ts'

const EVENTS = 1_000_000
const STREAMS = 1_000

/** Written past the protocol, which would take minutes: in transactions of thousands, over many streams. */
async function fill(dataDir: string): Promise<void> {
  const log = new EventLog({ file: join(dataDir, DATABASE_FILE) })
  const body = {
    type: 'Counted',
    isJson: true,
    data: Buffer.alloc(300, '1'),
    metadata: Buffer.alloc(150, '1'),
  }
  for (let first = 0; first < EVENTS; first += STREAMS * 10) {
    const appends = Array.from({ length: STREAMS }, (_, stream) =>
      log.append(
        { stream: `stream-${stream}`, expected: 'any' },
        Array.from({ length: 10 }, () => ({ id: randomUUID(), ...body })),
      ),
    )
    await Promise.all(appends)
  }
  log.close()
}

const peakMegabytes = (pid: number) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

test('a million events: the server starts at once, and reads all of them in flat memory', async () => {
  await using folder = await temporaryFolder('eventstore-large-')
  const empty = await spawnEventStore()
  await empty.stop()
  const startedEmpty = performance.now()
  await (await spawnEventStore()).stop()
  const emptyMs = performance.now() - startedEmpty
  await fill(folder.path)
  const started = performance.now()
  const store = await spawnEventStore({ dataDir: folder.path })
  // What an empty server takes is the machine's own; the events may add little to it.
  expect(performance.now() - started - emptyMs).toBeLessThan(300)
  try {
    await using connection = connect(store.url)
    const filter = streamNameFilter({ prefixes: ['stream-'] })
    const subscription = connection.client.subscribeToAll({ fromPosition: START, filter })
    let seen = 0
    for await (const { event } of subscription) {
      if (event !== undefined) seen += 1
      if (seen === EVENTS) break
    }
    expect(peakMegabytes(store.pid)).toBeLessThan(250)
  } finally {
    await store.stop()
  }
}, 600_000)
