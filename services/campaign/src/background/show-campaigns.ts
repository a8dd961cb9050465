// Campaigns and numbers by state, and whether a run stands still. No label names one of them.
import type { CampaignId } from '@peyk/contracts'
import type { Metrics } from '@peyk/service-kit'
import { Gauge, type Registry } from 'prom-client'

import type { CampaignRow, LedgerModel } from '../ledger/model.ts'

const active = ['RUNNING', 'PAUSED'] as const
const numberStates = ['requested', 'connected', 'disconnected', 'logged_out', 'banned', 'unlinking'] as const

/** Reads the index at each scrape. */
export const showCampaigns = (registry: Registry | Metrics, model: LedgerModel): void => {
  const registers = [registry]
  const standstills = new Standstills()
  new Gauge({
    name: 'campaign_longest_standstill_seconds',
    help: 'Of the running campaigns: the longest time without any outcome; 0 when none runs',
    registers,
    collect() {
      this.set(standstills.longest(model.campaignsIn(['RUNNING']), performance.now()) / 1_000)
    },
  })
  new Gauge({
    name: 'campaign_campaigns',
    help: 'Campaigns that have begun and not ended, by status',
    labelNames: ['status'],
    registers,
    collect() {
      const rows = model.campaignsIn(active)
      for (const status of active) this.set({ status }, rows.filter((row) => row.status === status).length)
    },
  })
  new Gauge({
    name: 'campaign_numbers',
    help: 'WhatsApp numbers by state, as their streams tell',
    labelNames: ['state'],
    registers,
    collect() {
      const rows = model.sessions()
      for (const state of numberStates) this.set({ state }, rows.filter((row) => row.state === state).length)
    },
  })
}

/** Since when each running campaign has had the same totals, as far as this process has seen. */
class Standstills {
  #known = new Map<CampaignId, { readonly revision: number; readonly sinceMs: number }>()

  longest(rows: readonly CampaignRow[], nowMs: number): number {
    const known = new Map(
      rows
        .filter(({ totals }) => totals.pending > 0)
        .map(({ campaignId, outcomesRevision }) => {
          const before = this.#known.get(campaignId)
          const isSame = before?.revision === outcomesRevision
          return [campaignId, isSame ? before : { revision: outcomesRevision, sinceMs: nowMs }]
        }),
    )
    this.#known = known
    return Math.max(0, ...[...known.values()].map(({ sinceMs }) => nowMs - sinceMs))
  }
}
