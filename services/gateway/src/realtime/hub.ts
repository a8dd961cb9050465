// The hub: which clients watch which campaign, and how a message reaches all of them with one frame and one write each.
import type { CampaignId } from '@peyk/contracts'

import type { Client } from './client.ts'
import type { Framed } from './frames.ts'
import type { RealtimeMetrics } from './metrics.ts'
import { Watched } from './watched.ts'

/** What a new client gets first: the newest message of each type. */
export type Snapshot = readonly Framed[]

export interface HubOptions {
  readonly loadSnapshot: (campaignId: CampaignId) => Promise<Snapshot>
  readonly metrics: RealtimeMetrics
}

export interface Hub {
  /** The client gets the snapshot and then every message after it: nothing is missed, nothing comes twice. */
  join(client: Client): Promise<void>
  leave(client: Client): void
  publish(campaignId: CampaignId, message: Framed): void
  /** The streams were lost: what is known of campaigns is read again, and shown to who watches them. */
  reload(): Promise<void>
  watchers(campaignId: CampaignId): number
  clients(): Iterable<Client>
  readonly size: () => number
}

interface Entry {
  readonly campaignId: CampaignId
  readonly watched: Watched
  readonly loading: Promise<void>
}

export const createHub = ({ loadSnapshot, metrics }: HubOptions): Hub => {
  const campaigns = new Map<CampaignId, Entry>()
  const entries = new Map<Client, Entry>()

  /** Live messages are kept from the moment before the snapshot is asked for. */
  const watch = (campaignId: CampaignId): Entry => {
    const watched = new Watched(metrics)
    const loading = loadSnapshot(campaignId).then((snapshot) => watched.begin(snapshot))
    const entry = { campaignId, watched, loading }
    campaigns.set(campaignId, entry)
    return entry
  }
  const forget = (entry: Entry) => {
    entry.watched.end()
    if (campaigns.get(entry.campaignId) === entry) campaigns.delete(entry.campaignId)
  }
  const leave = (client: Client) => {
    const entry = entries.get(client)
    if (entry === undefined) return
    entries.delete(client)
    entry.watched.clients.delete(client)
    if (entry.watched.clients.size === 0) forget(entry)
  }

  return {
    leave,
    join: async (client) => {
      const { campaignId } = client.options
      const entry = campaigns.get(campaignId) ?? watch(campaignId)
      entries.set(client, entry)
      entry.watched.add(client)
      try {
        await entry.loading
      } catch (error) {
        leave(client)
        forget(entry)
        throw error
      }
    },
    publish: (campaignId, message) => campaigns.get(campaignId)?.watched.publish(message),
    reload: async () => {
      for (const [campaignId, { watched }] of campaigns) watched.restart(await loadSnapshot(campaignId))
    },
    watchers: (campaignId) => campaigns.get(campaignId)?.watched.clients.size ?? 0,
    clients: () => entries.keys(),
    size: () => entries.size,
  }
}
