// The hub: which clients watch which campaign, and how a message reaches all of them with one frame and one write each.
import { type CampaignId, closeCodes } from '@peyk/contracts'

import type { Client } from './client.ts'
import type { Framed } from './frames.ts'
import type { LoadHistory } from './history.ts'
import type { RealtimeMetrics } from './metrics.ts'
import { type Snapshot, type StreamPosition, Watched } from './watched.ts'

export interface HubOptions {
  readonly loadSnapshot: (campaignId: CampaignId, position?: StreamPosition) => Promise<Snapshot>
  readonly loadHistory: (campaignId: CampaignId, ...range: Parameters<LoadHistory>) => ReturnType<LoadHistory>
  readonly metrics: RealtimeMetrics
}

export interface Hub {
  /** The client gets the snapshot and then every message after it: nothing is missed, nothing comes twice. */
  join(client: Client): Promise<void>
  leave(client: Client): void
  publish(campaignId: CampaignId, message: Framed): void
  /**
   * The stream was lost: what is known of campaigns is read again and shown to who watches them; clients with positions
   * are told that these mean nothing any more.
   */
  reload(position: StreamPosition): Promise<void>
  /** The stream of QRs was lost; it says nothing of what is shown. */
  forgetQrs(): void
  watchers(campaignId: CampaignId): number
  clients(): Iterable<Client>
  readonly size: () => number
  readonly campaigns: () => number
}

interface Entry {
  readonly campaignId: CampaignId
  readonly watched: Watched
  /** Its clients, and those that wait to become so. */
  readonly members: Set<Client>
  readonly loading: Promise<void>
}

export const createHub = ({ loadSnapshot, loadHistory, metrics }: HubOptions): Hub => {
  const campaigns = new Map<CampaignId, Entry>()
  const entries = new Map<Client, Entry>()

  /** Live messages are kept from the moment before the snapshot is asked for. */
  const watch = (campaignId: CampaignId): Entry => {
    const watched = new Watched(metrics, (...range) => loadHistory(campaignId, ...range))
    const loading = loadSnapshot(campaignId).then((snapshot) => watched.begin(snapshot))
    const entry = { campaignId, watched, loading, members: new Set<Client>() }
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
    entry.members.delete(client)
    if (entry.members.size === 0) forget(entry)
  }

  return {
    leave,
    join: async (client) => {
      const { campaignId } = client.options
      const entry = campaigns.get(campaignId) ?? watch(campaignId)
      entries.set(client, entry)
      entry.members.add(client)
      try {
        await entry.loading
        if (entries.get(client) === entry) await entry.watched.enter(client)
        // It may have gone while it was looked up what it had missed.
        if (entries.get(client) !== entry) entry.watched.clients.delete(client)
      } catch (error) {
        leave(client)
        forget(entry)
        throw error
      }
    },
    publish: (campaignId, message) => campaigns.get(campaignId)?.watched.publish(message),
    reload: async (position) => {
      for (const client of entries.keys())
        if (client.options.isV2) client.close(closeCodes.epochChanged, 'epoch')
      for (const [campaignId, { watched }] of campaigns)
        watched.restart(await loadSnapshot(campaignId, position))
    },
    forgetQrs: () => {
      for (const { watched } of campaigns.values()) watched.forgetQr()
    },
    campaigns: () => campaigns.size,
    watchers: (campaignId) => campaigns.get(campaignId)?.members.size ?? 0,
    clients: () => entries.keys(),
    size: () => entries.size,
  }
}
