// Whose campaign is it? From KV, put there before the campaign's creation was answered.
import { type CampaignAccess, campaignAccessSchema, type CampaignId, keys } from '@peyk/contracts'
import { type Bucket, type Nats, openBucket } from '@peyk/messaging'

/** NATS did not answer: neither "yes" nor "no such campaign" would be true. */
export class AccessUnknown extends Error {
  override readonly name = 'AccessUnknown'
}

export interface AccessReader {
  /** Undefined: there is no such campaign. Throws AccessUnknown. */
  of(id: CampaignId): Promise<CampaignAccess | undefined>
  /** Of a campaign that somebody was let into. */
  known(id: CampaignId): Promise<CampaignAccess>
}

const CACHED = 10_000

/** A campaign never changes hands, so what was read once is kept; the same question at the same time is asked once. */
export const createAccessReader = (nats: Nats): AccessReader => {
  const bucket = openBucket(nats, 'campaign_access')
  const known = new Map<CampaignId, CampaignAccess>()
  const asked = new Map<CampaignId, Promise<CampaignAccess | undefined>>()

  const read = async (id: CampaignId): Promise<CampaignAccess | undefined> => {
    const access = await readEntry(bucket, id)
    if (access !== undefined) remember(known, id, access)
    return access
  }
  const of = async (id: CampaignId) => {
    const present = known.get(id)
    if (present !== undefined) return present
    const question = asked.get(id) ?? read(id).finally(() => asked.delete(id))
    asked.set(id, question)
    return question
  }
  return {
    of,
    known: async (id) => {
      const access = await of(id)
      if (access === undefined) throw new AccessUnknown('the campaign is not known any more')
      return access
    },
  }
}

const readEntry = async (bucket: Bucket, id: CampaignId): Promise<CampaignAccess | undefined> => {
  try {
    const entry = await bucket.get(keys.campaignAccess(id))
    return entry === undefined ? undefined : campaignAccessSchema.parse(entry.json())
  } catch (error) {
    throw new AccessUnknown('the access of a campaign could not be read', { cause: error })
  }
}

const remember = (known: Map<CampaignId, CampaignAccess>, id: CampaignId, access: CampaignAccess): void => {
  const oldest = known.keys().next().value
  if (known.size >= CACHED && oldest !== undefined) known.delete(oldest)
  known.set(id, access)
}
