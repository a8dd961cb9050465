// Live connections by address and by user; those of a campaign are counted by the hub.
import type { Settings } from '../config.ts'
import type { Client } from './client.ts'
import type { Hub } from './hub.ts'
import { Refusal } from './refusal.ts'

export const createConnectionCounts = (settings: Settings, hub: Hub) => {
  const counts = new Map<string, number>()
  const keysOf = (tenantAndUser: string, address: string) => [`user ${tenantAndUser}`, `address ${address}`]
  const change = (key: string, by: number) => {
    const next = (counts.get(key) ?? 0) + by
    if (next > 0) counts.set(key, next)
    else counts.delete(key)
  }
  return {
    demandRoom: (campaignId: Client['options']['campaignId'], tenantAndUser: string, address: string) => {
      const isFull =
        (counts.get(`user ${tenantAndUser}`) ?? 0) >= settings.WS_MAX_PER_USER ||
        (counts.get(`address ${address}`) ?? 0) >= settings.WS_MAX_PER_ADDRESS ||
        hub.watchers(campaignId) >= settings.WS_MAX_PER_CAMPAIGN
      if (isFull) throw new Refusal('capacity', 'too_many_requests')
    },
    add: ({ options }: Client) =>
      keysOf(options.tenantAndUser, options.address).forEach((key) => change(key, 1)),
    remove: ({ options }: Client) =>
      keysOf(options.tenantAndUser, options.address).forEach((key) => change(key, -1)),
  }
}
