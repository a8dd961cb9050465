import { expect, test } from '@jest/globals'
import { totalsOfPending } from '@peyk/contracts'
import { createMetrics } from '@peyk/service-kit'

import { moved, outcome, running } from '../testing/events.ts'
import { rowsOf } from '../testing/rows.ts'
import { watchTotals } from './watch-totals.ts'

test('counts that are not what the ledger told are seen when metrics are asked for', async () => {
  const outcomes = [moved(1, 'sent', 3), moved(1, 'delivered', 4), moved(2, 'skipped', 4, 'opted_out')]
  const totals = { ...totalsOfPending(1), delivered: 1, skipped: 1 }
  const rows = rowsOf([
    [...running(), outcome('OutcomesRecorded', { epoch: 'e', toSeq: 3, outcomes, totals })],
  ])
  const metrics = createMetrics()
  watchTotals(metrics, rows.database)

  expect(await metrics.metrics()).toContain('report_differing_campaigns 0')
  rows.database.exec("update counts set count = count + 1 where state = 'delivered'")
  expect(await metrics.metrics()).toContain('report_differing_campaigns 1')
  rows.database.exec("update counts set count = count - 1 where state = 'delivered'")
  expect(await metrics.metrics()).toContain('report_differing_campaigns 0')
  rows.close()
  expect(await metrics.metrics()).toContain('report_differing_campaigns')
})
