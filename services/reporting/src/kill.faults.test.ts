// Reporting killed, as a process, in the middle of everything that it does.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { totalsOfPending } from '@peyk/contracts'
import { connectEventStore, type EventStore, type RecordedEvent } from '@peyk/event-sourcing'
import { spawnEventStore } from '@peyk/eventstore-embedded'
import { openReadModel } from '@peyk/read-model'
import { eventually, freePort } from '@peyk/testing'

import { reportingPrefixes } from './projections/project.ts'
import { REPORTING_VERSION, reportingSchema } from './projections/schema.ts'
import { rowsFileOf } from './store/rows-file.ts'
import { campaignId, created, imported, moved, started } from './testing/events.ts'
import { tokenOf, SECRET } from './testing/reporting-service.contract.ts'
import { dumpOf, rowsOf } from './testing/rows.ts'

const CHUNKS = 20
const PER_CHUNK = 1_000
const TOTAL = CHUNKS * PER_CHUNK
/** Enough for a kill to find a rebuild at work. */
const EVENTS = 4_000

let server: Awaited<ReturnType<typeof spawnEventStore>>
let store: EventStore
let folder: string
const children = new Set<ChildProcess>()

beforeAll(async () => {
  server = await spawnEventStore()
  store = connectEventStore(server.url)
  await writeCampaign()
}, 120_000)
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await store.close()
  await server.stop()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reporting-'))
})

const put = (events: readonly Pick<RecordedEvent, 'streamName' | 'type' | 'data' | 'metadata'>[]) =>
  store.append(
    events[0]?.streamName ?? '',
    events.map(({ type, data, metadata }) => ({ type, data, metadata })),
    { expectedRevision: 'any' },
  )

const metadata = created.metadata
const writeCampaign = async () => {
  await put([created])
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    const firstPosition = chunk * PER_CHUNK + 1
    const recipients = Array.from({ length: PER_CHUNK }, (_, index) => {
      const digits = String(firstPosition + index).padStart(7, '0')
      return { phone: `98912${digits}`, spelling: `0912${digits}`, variables: { name: `نام ${digits}` } }
    })
    const data = { importId: 'i', chunk, firstPosition, recipients }
    await put([{ streamName: `recipients-7-${chunk}`, type: 'RecipientsChunkStored', data, metadata }])
  }
  await put([imported('replace', 0, CHUNKS - 1, TOTAL), started(TOTAL)])
  await writeOutcomes(1, EVENTS)
}

/** Two outcomes an event, as at real pace. */
const writeOutcomes = async (first: number, count: number) => {
  const events = Array.from({ length: count }, (_, index) => ({
    streamName: `outcomes-${campaignId}`,
    type: 'OutcomesRecorded',
    data: {
      epoch: 'e',
      toSeq: first + index,
      outcomes: [moved(first + index, 'sent', 3), moved(Math.max(1, first + index - 5), 'delivered', 4)],
      totals: totalsOfPending(TOTAL),
    },
    metadata,
  }))
  for (let from = 0; from < count; from += 500) await put(events.slice(from, from + 500))
}

const startProcess = async (dataDir = folder) => {
  const [port, adminPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: {
      PATH: process.env['PATH'],
      EVENTSTORE_URL: server.url,
      DATA_DIR: dataDir,
      HOST: '127.0.0.1',
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      JWT_SECRET: SECRET,
      LOG_LEVEL: 'error',
      REPORT_FRESHNESS_TIMEOUT: '20s',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.add(child)
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    children.delete(child)
  }
  const get = (path: string) =>
    fetch(`http://127.0.0.1:${port}/api/campaigns/7/${path}`, {
      headers: { authorization: `Bearer ${tokenOf({})}` },
    })
  /** Everything that was written before is in the rows. */
  const fresh = () =>
    eventually(async () => (await get('report')).status === 200, {
      deadlineMs: 40_000,
      what: 'a fresh report',
    })
  /** What an operator sees of it; empty while it does not listen. */
  const readiness = async () => {
    const reply = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined)
    return (await reply?.text()) ?? ''
  }
  return { kill, get, fresh, readiness }
}

/** Reads the first piece; what comes back reads all that follows. */
const startReading = async ({ body, status }: Response) => {
  expect(status).toBe(200)
  const reader = body?.getReader()
  expect((await reader?.read())?.done).toBe(false)
  return async () => {
    while ((await reader?.read())?.done === false);
  }
}

const rowsFile = () => join(folder, rowsFileOf(REPORTING_VERSION))
const openRowsOf = (file: string) =>
  openReadModel({ file, name: 'reporting', version: REPORTING_VERSION, schema: reportingSchema })

/** How many events are in the rows of a process that is dead. */
const checkpoint = () => {
  if (!existsSync(rowsFile())) return 0n
  const readModel = openRowsOf(rowsFile())
  const position = readModel.checkpoint() ?? 0n
  readModel.close()
  return position
}

const expectRightRows = async () => {
  const all: RecordedEvent[] = []
  for await (const event of store.readAll())
    if (reportingPrefixes.some((prefix) => event.streamName.startsWith(prefix))) all.push(event)
  const [expected, found] = [rowsOf([all]), openRowsOf(rowsFile())]
  const dumps = [dumpOf(found), dumpOf(expected)]
  for (const table of Object.keys(dumps[1] ?? {})) expect(dumps[0]?.[table]).toEqual(dumps[1]?.[table])
  found.close()
  expected.close()
}

/** Kills when the rows' file grows, a little later each time. */
const killInTheMiddle = async (round: number) => {
  const running = await startProcess()
  await eventually(() => existsSync(rowsFile()), { deadlineMs: 20_000, what: 'the file of the rows' })
  const deadline = performance.now() + round * 60
  await eventually(() => performance.now() >= deadline, { what: 'the moment to kill' })
  await running.kill()
  return checkpoint()
}

describe('reporting killed', () => {
  test('while it projects, again and again: no row is lost or doubled, and what comes meanwhile is there', async () => {
    const places: bigint[] = []
    for (let round = 0; round < 5; round += 1) {
      places.push(await killInTheMiddle(round))
      await writeOutcomes(EVENTS + 1 + round * 20, 20)
    }
    expect(places).toEqual(places.toSorted((a, b) => Number(a - b)))
    const last = await startProcess()
    await last.fresh()
    await last.kill()
    await expectRightRows()
    await rm(folder, { recursive: true })
  }, 120_000)

  test('while it builds another version: the old rows stay until the new ones have everything', async () => {
    const old = join(folder, rowsFileOf(REPORTING_VERSION - 1))
    writeFileSync(old, 'the rows of the release before')
    const head = await store.headOf(`outcomes-${campaignId}`)
    for (let round = 0; round < 2; round += 1) {
      const reached = await killInTheMiddle(round)
      if (reached < (head?.position ?? 0n)) expect(existsSync(old)).toBe(true)
    }
    const last = await startProcess()
    await last.fresh()
    await eventually(() => !existsSync(old), { what: 'the old rows to be removed' })
    await last.kill()
    await expectRightRows()
    await rm(folder, { recursive: true })
  }, 120_000)

  test('while another instance builds its rows, which tells how far it is, the one that has them serves them', async () => {
    const whole = await startProcess()
    await whole.fresh()
    const elsewhere = mkdtempSync(join(tmpdir(), 'reporting-'))
    const building = await startProcess(elsewhere)
    const told = await eventually(async () => /built up to \d+ %/.exec(await building.readiness())?.[0], {
      deadlineMs: 20_000,
      what: 'the progress of the rebuild',
    })
    expect(told).not.toContain('100 %')
    expect((await whole.get('report')).status).toBe(200)
    await building.fresh()
    expect(await (await building.get('report')).text()).toBe(await (await whole.get('report')).text())
    await Promise.all([whole.kill(), building.kill()])
    await Promise.all([folder, elsewhere].map((used) => rm(used, { recursive: true })))
  }, 120_000)

  test('while files are downloaded: half of one never looks whole', async () => {
    for (const format of ['csv', 'xlsx']) {
      const running = await startProcess()
      await running.fresh()
      const readRest = await startReading(await running.get(`report/download?format=${format}`))
      await running.kill()
      await expect(readRest()).rejects.toThrow('terminated')
    }
    await rm(folder, { recursive: true })
  }, 120_000)

  test('while reports are downloaded as JSON, each of one piece: what does not come whole is an error', async () => {
    const running = await startProcess()
    await running.fresh()
    const downloads = Array.from({ length: 200 }, async () =>
      (await running.get('report/download?format=json')).text(),
    )
    await Promise.race(downloads)
    await running.kill()
    const ends = await Promise.allSettled(downloads)
    expect(ends.some(({ status }) => status === 'rejected')).toBe(true)
    for (const end of ends)
      if (end.status === 'fulfilled') expect(JSON.parse(end.value)).toHaveProperty('totals')
    await rm(folder, { recursive: true })
  }, 120_000)
})
