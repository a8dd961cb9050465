import { expect, test } from '@jest/globals'
import { type CampaignCommand, campaignIdSchema, epochSchema, type Schedule } from '@peyk/contracts'

import type { CampaignRow } from '../ledger/model.ts'
import { startDueCampaigns } from './schedule.ts'

const nothing = () => undefined
const silentLog = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silentLog }
const DAY_MS = 86_400_000
const begin = Date.parse('2026-01-01T00:00:00Z')

const scheduled = (id: number, dueMs: number): CampaignRow => {
  const schedule: Schedule = {
    scheduledAt: new Date(dueMs).toISOString(),
    timezone: 'Asia/Tehran',
    missedRun: 'skip',
    missedRunLimitMs: 1,
  }
  return { campaignId: campaignIdSchema.parse(id), schedule, isDeleted: false } as CampaignRow
}

/** Rows that wait, a clock to turn, and what is asked of campaigns. */
const stage = (...waiting: CampaignRow[]) => {
  const rows = new Map(waiting.map((row) => [row.campaignId, row]))
  const asked: string[] = []
  let nowMs = begin
  const options = {
    model: { campaignsIn: () => [...rows.values()] },
    commands: {
      campaign: (_tenant: unknown, id: CampaignRow['campaignId'], command: CampaignCommand) => {
        asked.push(`${command.type} ${id}`)
        rows.delete(id)
        return Promise.resolve()
      },
    },
    epoch: () => epochSchema.parse('e1'),
    graceMs: 60_000,
    now: () => nowMs,
    log: silentLog,
  }
  return {
    asked,
    lookAt: async (ms: number) => {
      nowMs = ms
      await startDueCampaigns(options)
    },
  }
}

test('a schedule in 364 days does not fire now', async () => {
  const { asked, lookAt } = stage(scheduled(1, begin + 364 * DAY_MS))
  for (const days of [0, 1, 24, 25, 50, 363]) await lookAt(begin + days * DAY_MS)
  expect(asked).toEqual([])
  await lookAt(begin + 364 * DAY_MS)
  expect(asked).toEqual(['StartDue 1'])
})

test('a clock that is stepped neither repeats nor skips', async () => {
  const { asked, lookAt } = stage(scheduled(1, begin + 1_000), scheduled(2, begin + 5_000))
  await lookAt(begin + 1_000)
  await lookAt(begin - DAY_MS)
  await lookAt(begin + 1_500)
  expect(asked).toEqual(['StartDue 1'])
  await lookAt(begin + DAY_MS)
  await lookAt(begin)
  await lookAt(begin + DAY_MS)
  expect(asked).toEqual(['StartDue 1', 'StartDue 2'])
})
