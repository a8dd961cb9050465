// Several instances of reporting, each with rows of its own, on one event store.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { reportReplySchema, totalsOfPending } from '@peyk/contracts'

import { at, campaign, linkRequested, moved, outcome, running } from '../testing/events.ts'
import { type ReportingService, startReportingService } from '../testing/reporting-service.contract.ts'

const ROUNDS = 20
let instances: readonly [ReportingService, ReportingService]

beforeAll(async () => {
  const first = await startReportingService()
  instances = [first, await startReportingService({}, first)]
  await first.write([linkRequested(), ...running()])
}, 60_000)
afterAll(async () => {
  await instances[1].stop()
  await instances[0].stop()
})

const reportOf = async (instance: ReportingService) =>
  reportReplySchema.parse(await (await instance.get('/api/campaigns/7/report', {})).json())

test('what was written before the request is in the report of every instance', async () => {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const totals = { ...totalsOfPending(3), sent: round }
    const outcomes = [moved(1, 'sent', round)]
    await instances[0].write([outcome('OutcomesRecorded', { epoch: 'e', toSeq: round, outcomes, totals })])
    const reports = await Promise.all(instances.map(reportOf))
    expect(reports.map((report) => report.totals.sent)).toEqual([round, round])
  }
  await instances[0].write([campaign('CampaignCompleted', { totals: totalsOfPending(3) }, at(40))])
  const reports = await Promise.all(instances.map(reportOf))
  expect(reports.map(({ campaign: { status } }) => status)).toEqual(['COMPLETED', 'COMPLETED'])
}, 60_000)
