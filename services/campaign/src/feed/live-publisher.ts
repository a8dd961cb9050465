// The one writer of LIVE: it gives each campaign's messages their own contiguous count.
import {
  type CampaignId,
  headers,
  liveDataSchemas,
  type LiveData,
  type LiveMessageType,
  subjects,
  type TenantId,
} from '@peyk/contracts'
import { injectTrace, lastMessageOf, type Nats, type Publisher } from '@peyk/messaging'

export interface LiveOptions {
  /** The same id is published once within the stream's duplicate window. */
  readonly id?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface LivePublisher {
  publish<Type extends StoredType>(
    campaign: { readonly tenant: TenantId; readonly campaignId: CampaignId },
    type: Type,
    data: LiveData<Type>,
    options?: LiveOptions,
  ): Promise<void>
  /** LIVE is another stream now: counts begin again. */
  forget(): void
}

/** A QR is published by the sender, on LIVE_QR. */
export type StoredType = Exclude<LiveMessageType, 'qr_code'>
const storedTypes: readonly StoredType[] = [
  'campaign_update',
  'progress_update',
  'status_update',
  'error_update',
  'completion_update',
]

export const createLivePublisher = (nats: Nats, publisher: Publisher): LivePublisher => {
  const counts = new Map<CampaignId, number>()
  const queues = new Map<CampaignId, Promise<void>>()

  const lastCount = async (tenant: TenantId, id: CampaignId): Promise<number> => {
    const last = await Promise.all(
      storedTypes.map((type) => lastMessageOf(nats, 'LIVE', subjects.live(tenant, id, type))),
    )
    return Math.max(0, ...last.map((message) => Number(message?.headers[headers.liveCount] ?? 0)))
  }

  const publishNext: LivePublisher['publish'] = async ({ tenant, campaignId }, type, data, options = {}) => {
    const count = (counts.get(campaignId) ?? (await lastCount(tenant, campaignId))) + 1
    const payload = liveDataSchemas[type].parse(data)
    const { duplicate } = await publisher.publish(subjects.live(tenant, campaignId, type), payload, {
      id: options.id ?? `${campaignId}.${count}`,
      headers: injectTrace({
        ...options.headers,
        [headers.liveCount]: String(count),
        [headers.at]: new Date().toISOString(),
      }),
    })
    counts.set(campaignId, duplicate ? count - 1 : count)
  }

  return {
    publish: (campaign, type, data, options) => {
      const before = queues.get(campaign.campaignId) ?? Promise.resolve()
      const result = before.catch(() => undefined).then(() => publishNext(campaign, type, data, options))
      queues.set(campaign.campaignId, result)
      const forget = () => {
        if (queues.get(campaign.campaignId) === result) queues.delete(campaign.campaignId)
      }
      result.then(forget, forget)
      return result
    },
    forget: () => counts.clear(),
  }
}
