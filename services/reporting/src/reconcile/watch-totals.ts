// A figure that is 0 as long as reports add up: the totals that the ledger told against the rows that were counted.
import type { ReadModelDatabase } from '@peyk/read-model'
import type { Metrics } from '@peyk/service-kit'
import { Gauge } from 'prom-client'

/** How many campaigns have other counts than the ledger's last totals say. */
const differingCampaigns = (database: ReadModelDatabase): (() => number) => {
  const count = database
    .prepare<[], number>(
      `select count(*) from campaigns where totals is not null and exists (
         select 1 from json_each(campaigns.totals) as told
         where told.key <> 'pending' and told.value <> (
           select ifnull(sum(count), 0) from counts
           where counts.campaign_id = campaigns.campaign_id and counts.state = told.key))`,
    )
    .pluck()
  return () => count.get() ?? 0
}

/** Counted whenever it is asked for. */
export const watchTotals = (metrics: Metrics, database: ReadModelDatabase): void => {
  const differing = differingCampaigns(database)
  new Gauge({
    name: 'report_differing_campaigns',
    help: 'Campaigns whose rows do not add up to the totals that the ledger told',
    registers: [metrics],
    collect() {
      if (database.open) this.set(differing())
    },
  })
}
