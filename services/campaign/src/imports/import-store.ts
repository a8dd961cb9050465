// What is known of imports, in KV, and the rows that they refused, in the object store: the same on every instance.
import { createReadStream } from 'node:fs'

import {
  type CampaignId,
  campaignIdTextSchema,
  type ImportReply,
  importReplySchema,
  keys,
  type Problem,
  type TenantId,
  tenantIdSchema,
} from '@peyk/contracts'
import {
  type Bucket,
  type Lease,
  type Nats,
  openBucket,
  openObjectStore,
  tryAcquireLease,
} from '@peyk/messaging'

export interface ImportKey {
  readonly tenant: TenantId
  readonly campaignId: CampaignId
  readonly importId: string
}

export interface ImportStore {
  get(key: ImportKey): Promise<ImportReply | undefined>
  put(key: ImportKey, entry: ImportReply): Promise<void>
  /** Undefined while somebody imports into this campaign. */
  lock(campaignId: CampaignId, owner: string): Promise<Lease | undefined>
  /** Imports that are said to run. */
  running(): Promise<readonly ImportKey[]>
  saveErrors(importId: string, path: string): Promise<void>
  readErrors(importId: string): Promise<AsyncIterable<Uint8Array> | undefined>
}

export const importErrorsUrl = ({ campaignId, importId }: Omit<ImportKey, 'tenant'>): string =>
  `/api/campaigns/${campaignId}/imports/${importId}/errors`

/** An import that has not begun to count. */
export const newImport = (key: ImportKey): ImportReply => ({
  id: key.importId,
  status: 'running',
  total: 0,
  accepted: 0,
  rejected: 0,
  duplicates: 0,
  errors: [],
  errorsUrl: importErrorsUrl(key),
})

export const failedImport = (entry: ImportReply, problem: Problem): ImportReply => ({
  ...entry,
  status: 'failed',
  problem,
})

export const createImportStore = (nats: Nats): ImportStore => {
  const bucket = openBucket(nats, 'imports')
  const errors = openObjectStore(nats, 'imports')
  const keyOf = ({ tenant, campaignId, importId }: ImportKey) => keys.import(tenant, campaignId, importId)
  return {
    get: async (key) => {
      const entry = await bucket.get(keyOf(key))
      return entry === undefined ? undefined : importReplySchema.parse(entry.json())
    },
    put: async (key, entry) => {
      await bucket.put(keyOf(key), entry)
    },
    lock: (campaignId, owner) =>
      tryAcquireLease(nats, { bucket: 'leases', key: keys.importLease(campaignId), owner }),
    running: () => runningIn(bucket),
    saveErrors: async (importId, path) => {
      await errors.put(importId, createReadStream(path))
    },
    readErrors: async (importId) => (await errors.get(importId))?.content,
  }
}

const parseKey = (key: string): ImportKey => {
  const [tenant, campaignId, importId = ''] = key.split('.')
  return {
    tenant: tenantIdSchema.parse(tenant),
    campaignId: campaignIdTextSchema.parse(campaignId),
    importId,
  }
}

const runningIn = async (bucket: Bucket): Promise<readonly ImportKey[]> => {
  const entries = await bucket.entries()
  return entries.flatMap((entry) => {
    const known = importReplySchema.safeParse(entry.json())
    return known.success && known.data.status === 'running' ? [parseKey(entry.key)] : []
  })
}
