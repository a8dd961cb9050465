// The figures of reporting (issue 6): the service's own parts, the event store in another process. The history is
// 1,000,000 outcomes in 20 campaigns: half of it one to three outcomes an event, as at real pace, half of it bursts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { campaignIdSchema, sessionIdSchema, totalsOfPending } from '@peyk/contracts'
import { connectEventStore, type EventStore } from '@peyk/event-sourcing'
import { spawnEventStore } from '@peyk/eventstore-embedded'
import { openReadModel, type ReadModel, runProjection } from '@peyk/read-model'

import { reportingPrefixes, reportingProjection } from '../../services/reporting/src/projections/project.ts'
import { REPORTING_VERSION, reportingSchema } from '../../services/reporting/src/projections/schema.ts'
import { csvOf } from '../../services/reporting/src/reports/csv.ts'
import { reportOf } from '../../services/reporting/src/reports/report.ts'
import { workbookOf } from '../../services/reporting/src/reports/workbook.ts'
import { reportingQueries } from '../../services/reporting/src/store/queries.ts'
import { percentile, report } from './report.ts'

const OUTCOMES = Number(process.env['BENCH_OUTCOMES'] ?? 1_000_000)
const CAMPAIGNS = 20
/** Each recipient is sent to and gets its message: two outcomes. */
const RECIPIENTS = Math.floor(OUTCOMES / CAMPAIGNS / 2)
const BURST = 100
const LIVE_SECONDS = 5
const LIVE_PER_SECOND = 500

const sessionId = sessionIdSchema.parse(`wa_${'a'.repeat(20)}`)
const at = '2024-01-01T10:00:00.000Z'
const metadataOf = (occurredAt = at) => ({ tenant: 'acme', occurredAt })

export async function run(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-reporting-'))
  const server = await spawnEventStore({ dataDir })
  const store = connectEventStore(server.url)
  try {
    const events = await writeHistory(store)
    const readModel = openRows(join(dataDir, 'reporting.sqlite'))
    const stop = new AbortController()
    const lags: number[] = []
    const started = performance.now()
    const processor = process.cpuUsage()
    let projected: Promise<void> | undefined
    await new Promise<void>((caughtUp) => {
      projected = runProjection({
        store,
        readModel,
        streamPrefixes: reportingPrefixes,
        projectBatch: reportingProjection(readModel.database),
        signal: stop.signal,
        onProgress: ({ isCaughtUp, events: count, lagMs }) => {
          if (!isCaughtUp) return
          if (count > 0) lags.push(lagMs)
          caughtUp()
        },
      })
    })
    report('rebuild', events / ((performance.now() - started) / 1_000), 'events/s')
    report('rebuild, processor time', processorSeconds(processor), 's')
    report('memory after the rebuild', process.memoryUsage.rss() / 2 ** 20, 'MB')
    await live(store, readModel)
    report('lag at 500 outcomes/s, the worst', Math.max(...lags), 'ms')
    reports(readModel)
    await files(readModel)
    stop.abort()
    await projected
    readModel.close()
  } finally {
    await store.close()
    await server.stop()
    await rm(dataDir, { recursive: true })
  }
}

const openRows = (file: string): ReadModel =>
  openReadModel({ file, name: 'reporting', version: REPORTING_VERSION, schema: reportingSchema })

/** Returns how many events it wrote. */
async function writeHistory(store: EventStore): Promise<number> {
  let events = 0
  const put = async (streamName: string, list: readonly { type: string; data: object }[]) => {
    events += list.length
    await store.append(
      streamName,
      list.map((event) => ({ ...event, metadata: metadataOf() })),
      { expectedRevision: 'any' },
    )
  }
  for (let id = 1; id <= CAMPAIGNS; id += 1) {
    const title = `Campaign ${id}`
    const created = { campaignId: id, tenant: 'acme', ownerId: '1', title, message: 'M' }
    await put(`campaign-${id}`, [{ type: 'CampaignCreated', data: created }])
    await putPeople(put, id, RECIPIENTS)
    const outcomes = outcomesOf(id % 2 === 0)
    for (let first = 0; first < outcomes.length; first += 40)
      await put(`outcomes-${id}`, outcomes.slice(first, first + 40))
  }
  return events
}

type Put = (streamName: string, list: readonly { type: string; data: object }[]) => Promise<void>

async function putPeople(put: Put, id: number, count: number): Promise<void> {
  const chunks = Math.ceil(count / 1_000)
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const firstPosition = chunk * 1_000 + 1
    const length = Math.min(1_000, count - chunk * 1_000)
    const data = { importId: 'i', chunk, firstPosition, recipients: people(firstPosition, length) }
    await put(`recipients-${id}-${chunk}`, [{ type: 'RecipientsChunkStored', data }])
  }
  const runKey = Buffer.alloc(32).toString('base64')
  const imported = {
    importId: 'i',
    mode: 'replace',
    chunks: { first: 0, last: chunks - 1 },
    accepted: count,
    rejected: 0,
    duplicates: 0,
    total: count,
    variables: ['name'],
  }
  await put(`campaign-${id}`, [
    { type: 'RecipientsImported', data: imported },
    { type: 'CampaignStarted', data: { runKey, epoch: 'e', total: count, attempt: 1, notBefore: at } },
  ])
}

const people = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => {
    const digits = String(first + index).padStart(7, '0')
    return {
      phone: `98912${digits}`,
      spelling: `0912${digits}`,
      variables: { name: `نام ${digits}`, city: 'تهران' },
    }
  })

/** One to three outcomes an event, or a hundred. */
function outcomesOf(isBurst: boolean) {
  const moves = ['sent', 'delivered'].flatMap((state) =>
    Array.from({ length: RECIPIENTS }, (_, index) => ({
      position: index + 1,
      state,
      attempt: 1,
      sessionId,
      at,
    })),
  )
  const events: { type: string; data: object }[] = []
  for (let first = 0; first < moves.length;) {
    const size = isBurst ? BURST : 1 + (events.length % 3)
    const outcomes = moves.slice(first, first + size)
    first += size
    events.push({
      type: 'OutcomesRecorded',
      data: { epoch: 'e', toSeq: first, outcomes, totals: totalsOfPending(RECIPIENTS) },
    })
  }
  return events
}

/** A campaign more, at a live pace. */
async function live(store: EventStore, readModel: ReadModel): Promise<void> {
  const ticks = LIVE_SECONDS * 50
  let head = 0n
  const started = performance.now()
  for (let tick = 0; tick < ticks; tick += 1) {
    const occurredAt = new Date().toISOString()
    const outcomes = Array.from({ length: LIVE_PER_SECOND / 50 }, (_, index) => ({
      position: 1 + ((tick * 10 + index) % RECIPIENTS),
      state: 'read',
      attempt: 1,
      sessionId,
      at: occurredAt,
    }))
    const data = { epoch: 'e', toSeq: tick, outcomes, totals: totalsOfPending(RECIPIENTS) }
    const event = { type: 'OutcomesRecorded', data, metadata: metadataOf(occurredAt) }
    head = (await store.append('outcomes-1', [event], { expectedRevision: 'any' })).position
    const waitMs = started + (tick + 1) * 20 - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  if (!(await readModel.waitForPosition(head, 60_000))) throw new Error('the rows did not follow')
}

function reports({ database }: ReadModel): void {
  const queries = reportingQueries(database)
  const times = Array.from({ length: 2_000 }, (_, index) => {
    const started = performance.now()
    const campaign = queries.campaign(campaignIdSchema.parse(1 + (index % CAMPAIGNS)))
    if (campaign === undefined) throw new Error('a campaign is missing')
    JSON.stringify(reportOf(campaign, queries))
    return performance.now() - started
  })
  report('report as JSON, p99', percentile(times, 0.99), 'ms')
}

/** Of campaigns that are put right into the rows: the lists are larger than those of the history. */
async function files(readModel: ReadModel): Promise<void> {
  const fill = (id: number, count: number) => {
    const { database } = readModel
    database
      .prepare(
        `insert into campaigns (campaign_id, tenant, owner_id, title, message, status, total, last_chunk, created_at)
         values (?, 'acme', '1', 'T', 'M', 'RUNNING', ?, 0, ?)`,
      )
      .run(id, count, at)
    database
      .prepare(
        `with recursive n (n) as (select 1 union all select n + 1 from n where n < @count)
         insert into recipients select @id, n, 0, '98912' || n, '0912' || n, 'نام ' || n, '{}' from n`,
      )
      .run({ id, count })
    database
      .prepare(
        `with recursive n (n) as (select 1 union all select n + 1 from n where n < @count)
         insert into outcomes select @id, n, 'read', null, 1, @sessionId, n, n, n, null from n`,
      )
      .run({ id, count, sessionId })
  }
  fill(101, 100_000)
  fill(102, 1_000_000)
  const queries = reportingQueries(readModel.database)
  const [small, large] = [101, 102].map((id) => campaignIdSchema.parse(id)) as [
    ReturnType<typeof campaignIdSchema.parse>,
    ReturnType<typeof campaignIdSchema.parse>,
  ]
  const campaign = queries.campaign(small)
  if (campaign === undefined) throw new Error('a campaign is missing')
  await timed('xlsx of 100,000 recipients', () =>
    workbookOf(reportOf(campaign, queries), queries.everyRecipient(small)),
  )
  await timed('csv of 1,000,000 recipients', () => csvOf(queries.everyRecipient(large)))
}

async function timed(name: string, open: () => ReturnType<typeof csvOf>): Promise<void> {
  const started = performance.now()
  const processor = process.cpuUsage()
  let peak = 0
  let written = 0
  const sink = new Writable({
    write: (_chunk, _encoding, done) => {
      written += 1
      // To ask takes longer than to write a piece.
      if (written % 100 === 0) peak = Math.max(peak, process.memoryUsage.rss())
      setImmediate(done)
    },
  })
  await pipeline(open(), sink)
  report(name, (performance.now() - started) / 1_000, 's')
  report(`${name}, processor time`, processorSeconds(processor), 's')
  report(`${name}, memory of the process`, peak / 2 ** 20, 'MB')
}

/** On a machine that others use, too, this says more than the clock. */
const processorSeconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}
