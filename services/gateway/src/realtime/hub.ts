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

export const createHub = ({ loadSnapshot, metrics }: HubOptions): Hub => {
  const campaigns = new Map<CampaignId, { readonly watched: Watched; readonly loading: Promise<void> }>()
  let size = 0

  /** Live messages are kept from the moment before the snapshot is asked for. */
  const watch = (campaignId: CampaignId) => {
    const watched = new Watched(metrics)
    const loading = loadSnapshot(campaignId).then((snapshot) => watched.begin(snapshot))
    const entry = { watched, loading }
    campaigns.set(campaignId, entry)
    loading.catch(() => {
      if (campaigns.get(campaignId) === entry) campaigns.delete(campaignId)
    })
    return entry
  }

  return {
    join: async (client) => {
      const { campaignId } = client.options
      // Whoever waits while the last of the others leaves begins anew: the entry went with them.
      for (;;) {
        const entry = campaigns.get(campaignId) ?? watch(campaignId)
        await entry.loading
        if (client.isClosing) return
        if (campaigns.get(campaignId) !== entry) continue
        entry.watched.add(client)
        size += 1
        return
      }
    },
    leave: (client) => {
      const { campaignId } = client.options
      const entry = campaigns.get(campaignId)
      if (entry?.watched.clients.delete(client) !== true) return
      size -= 1
      if (entry.watched.clients.size > 0) return
      entry.watched.end()
      campaigns.delete(campaignId)
    },
    publish: (campaignId, message) => campaigns.get(campaignId)?.watched.publish(message),
    reload: async () => {
      for (const [campaignId, { watched }] of campaigns) watched.restart(await loadSnapshot(campaignId))
    },
    watchers: (campaignId) => campaigns.get(campaignId)?.watched.clients.size ?? 0,
    *clients() {
      for (const { watched } of campaigns.values()) yield* watched.clients
    },
    size: () => size,
  }
}
