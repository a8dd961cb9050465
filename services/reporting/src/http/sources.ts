// Where a report takes its figures from: the rows as they are now, or a replay up to a moment.
import type { CampaignId } from '@peyk/contracts'
import { type EventStore, EventStoreUnavailable } from '@peyk/event-sourcing'
import type { ReadModel } from '@peyk/read-model'
import { ProblemError } from '@peyk/service-kit'

import { waitUntilFresh } from '../store/freshness.ts'
import { type ReportedCampaign, type ReportingQueries, reportingQueries } from '../store/queries.ts'
import { replayUntil } from '../store/replay.ts'
import { createSlots } from '../store/slots.ts'

export interface SourcesOptions {
  readonly store: EventStore
  readonly readModel: ReadModel
  /** How long a reply may wait for the projection; then it is a 503 with `Retry-After`. */
  readonly freshnessTimeoutMs: number
  /** How many replays may run at a time; others wait as long as for the projection. */
  readonly replaysAtOnce: number
}

export interface Wanted {
  readonly campaignId: CampaignId
  /** False looks like a campaign that does not exist. */
  readonly mayRead: (campaign: ReportedCampaign) => boolean
  /** An instant; undefined: now. */
  readonly asOf?: string | undefined
  /** Whether people are asked for, too. */
  readonly withPeople: boolean
  readonly signal: AbortSignal
}

export interface Source {
  readonly campaign: ReportedCampaign
  readonly queries: ReportingQueries
  /** To be called once everything has been read. */
  readonly release: () => void
}

export interface Sources {
  /** The campaign as it stands at the request, or stood at `asOf`. Throws `campaign_not_found`, or the 503 of a late one. */
  open(wanted: Wanted): Promise<Source>
}

export const createSources = (options: SourcesOptions): Sources => {
  const { store, readModel, freshnessTimeoutMs } = options
  const current = reportingQueries(readModel.database)
  const slots = createSlots(options.replaysAtOnce)

  const openReplay = async (wanted: Wanted, asOf: string): Promise<Source> => {
    const free = await slots.take(freshnessTimeoutMs, wanted.signal)
    if (free === undefined) throw notReady()
    try {
      const replay = await replayUntil({ ...wanted, store, asOf })
      const release = () => {
        replay.close()
        free()
      }
      const queries = reportingQueries(replay.database)
      const campaign = queries.campaign(wanted.campaignId)
      if (campaign !== undefined) return { campaign, queries, release }
      release()
      throw new ProblemError('campaign_not_found')
    } catch (error) {
      free()
      throw error
    }
  }

  return {
    open: async (wanted) => {
      const { campaignId, mayRead, asOf } = wanted
      return unlessUnavailable(async () => {
        if (!(await waitUntilFresh(store, readModel, campaignId, freshnessTimeoutMs))) throw notReady()
        const campaign = current.campaign(campaignId)
        if (campaign === undefined || !mayRead(campaign)) throw new ProblemError('campaign_not_found')
        if (asOf !== undefined) return openReplay(wanted, asOf)
        return { campaign, queries: current, release: () => undefined }
      })
    },
  }
}

const notReady = () => new ProblemError('report_not_ready', { headers: { 'retry-after': '1' } })

const unlessUnavailable = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof EventStoreUnavailable)) throw error
    throw new ProblemError('unavailable', { headers: { 'retry-after': '2' }, cause: error })
  }
}
