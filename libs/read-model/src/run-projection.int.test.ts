import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { connectEventStore, type EventStore, type RecordedEvent } from '@peyk/event-sourcing'
import { spawnEventStore } from '@peyk/eventstore-embedded'
import { eventually, fakeIds, temporaryFolder, type TemporaryFolder } from '@peyk/testing'

import { openRows, projectRow } from './counting-projection.contract.ts'
import type { ReadModel } from './read-model.ts'
import { runProjection, type ProjectionProgress, type ProjectionToRun } from './run-projection.ts'

type Spawned = Awaited<ReturnType<typeof spawnEventStore>>

let server: Spawned
let store: EventStore
let folder: TemporaryFolder
let prefix: string
let file: string
const nextId = fakeIds()
const occurredAt = '2024-01-01T10:00:00.000Z'

beforeAll(async () => {
  folder = await temporaryFolder()
  server = await spawnEventStore()
  store = connectEventStore(server.url)
})

afterAll(async () => {
  await store.close()
  await server.stop()
  await folder.remove()
})

beforeEach(() => {
  const id = nextId()
  prefix = `p${id.slice(-4)}-`
  file = join(folder.path, `${id}.db`)
})

const append = async (count: number, stream = 1) => {
  const events = Array.from({ length: count }, () => {
    const id = nextId()
    return { id, type: 'Tested', data: { id }, metadata: { occurredAt } }
  })
  return store.append(`${prefix}${stream}`, events, { expectedRevision: 'any' })
}

const rowsOf = ({ database }: ReadModel) =>
  database.prepare<[], { event_id: string }>('SELECT * FROM rows ORDER BY rowid').all()

/** Runs a projection beside the test. */
interface Options extends Partial<Pick<ProjectionToRun, 'onError' | 'now'>> {
  readonly project?: (event: RecordedEvent) => void
}

const project = (readModel: ReadModel, options: Options = {}) => {
  const controller = new AbortController()
  const progress: ProjectionProgress[] = []
  const running = runProjection({
    store,
    readModel,
    streamPrefixes: [prefix],
    project: projectRow(readModel),
    signal: controller.signal,
    onProgress: (step) => progress.push(step),
    ...options,
  })
  const stop = async () => {
    controller.abort()
    await running
  }
  return { progress, stop }
}

describe('a projection', () => {
  test('puts each event into the rows once, in order, and goes on where it stopped', async () => {
    const readModel = openRows(file)
    await append(30)
    for (let round = 0; round < 3; round += 1) {
      const projection = project(readModel)
      const { position } = await append(20, round)
      expect(await readModel.waitForPosition(position, 10_000)).toBe(true)
      await projection.stop()
    }
    const ids = rowsOf(readModel).map(({ event_id: id }) => id)
    expect(ids).toHaveLength(90)
    expect(ids).toEqual([...new Set(ids)].toSorted())
    readModel.close()
  })

  test('tells how far and how old it is', async () => {
    const readModel = openRows(file)
    const { position } = await append(5)
    const projection = project(readModel, { now: () => Date.parse(occurredAt) + 1_500 })
    await eventually(() => projection.progress.some(({ isCaughtUp }) => isCaughtUp))
    expect(projection.progress[0]).toMatchObject({ position, events: 5, lagMs: 1_500, isCaughtUp: false })
    await projection.stop()
    readModel.close()
  })

  test('rebuilt for another version gives the same rows', async () => {
    await append(300)
    await append(300, 2)
    const last = await append(1)
    const build = async (version: number) => {
      const discarded: string[] = []
      const readModel = openRows(file, version, (reason) => discarded.push(reason))
      const projection = project(readModel)
      expect(await readModel.waitForPosition(last.position, 10_000)).toBe(true)
      await projection.stop()
      const rows = rowsOf(readModel)
      readModel.close()
      return { rows, discarded }
    }
    const first = await build(1)
    const second = await build(2)
    expect(first.rows).toHaveLength(601)
    expect(second).toEqual({ rows: first.rows, discarded: ['otherVersion'] })
  })

  test('waits at an event that it does not know, with the rows right up to it, and goes on when it does', async () => {
    const readModel = openRows(file)
    await append(5)
    const poison = await append(1)
    const last = await append(5)
    let isKnown = false
    const errors: unknown[] = []
    const row = projectRow(readModel)
    const projection = project(readModel, {
      project: (event: RecordedEvent) => {
        if (event.position === poison.position && !isKnown) throw new Error('unknown event')
        row(event)
      },
      onError: (error) => errors.push(error),
    })
    await eventually(() => errors.length >= 2)
    expect(rowsOf(readModel)).toHaveLength(5)
    isKnown = true
    expect(await readModel.waitForPosition(last.position, 10_000)).toBe(true)
    expect(rowsOf(readModel)).toHaveLength(11)
    await projection.stop()
    readModel.close()
  })

  test.each([
    ['shorter', 9_999_999n],
    ['other', 0n],
  ])('throws away rows of a %s history', async (_, position) => {
    const discarded: string[] = []
    const readModel = openRows(file, 1, (reason) => discarded.push(reason))
    const last = await append(3)
    const foreign = { id: nextId(), position: position === 0n ? last.position : position }
    readModel.apply(foreign.position, () => undefined, foreign)
    const projection = project(readModel)
    await eventually(() => rowsOf(readModel).length === 3)
    expect(discarded).toEqual(['otherHistory'])
    await projection.stop()
    readModel.close()
  })

  test('killed again and again has each event once', async () => {
    for (let stream = 0; stream < 10; stream += 1) await append(300, stream)
    const program = fileURLToPath(new URL('./counting-projection.contract.ts', import.meta.url))
    for (let round = 0; round < 5; round += 1) {
      const child = spawn(process.execPath, [program, server.url, file, prefix], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      // The first line comes after the first batch; the next one is under way then.
      child.stdout.once('data', () => child.kill('SIGKILL'))
      await once(child, 'close')
    }
    const { position } = await append(1)
    const readModel = openRows(file)
    const projection = project(readModel)
    expect(await readModel.waitForPosition(position, 20_000)).toBe(true)
    await projection.stop()
    const ids = rowsOf(readModel).map(({ event_id: id }) => id)
    expect(ids).toHaveLength(3_001)
    expect(new Set(ids).size).toBe(3_001)
    readModel.close()
  })
})
