// What senders and the gateway act on, in KV: always derived from the newest rows, so it can be written again at will.
import {
  type CampaignAccess,
  type CampaignId,
  type DesiredSession,
  type Epoch,
  keys,
  type Run,
} from '@peyk/contracts'
import { type Bucket, type Nats, openBucket } from '@peyk/messaging'

import { mayRun } from '../dispatch/dispatch.ts'
import type { CampaignRow, LedgerModel, SessionRow } from '../ledger/model.ts'

export interface DesiredState {
  /** Writes gate and definition of a run as its newest row says. */
  campaign(id: CampaignId): Promise<void>
  session(id: string): Promise<void>
  /** Everything again: after a take-over, or when the buckets were lost. */
  everything(): Promise<void>
}

export interface DesiredStateOptions {
  readonly nats: Nats
  readonly model: LedgerModel
  readonly epoch: () => Epoch
  readonly defaultIntervalMs: number
}

export const isOver = ({ status }: CampaignRow): boolean => status === 'CANCELLED' || status === 'COMPLETED'

export const createDesiredState = (options: DesiredStateOptions): DesiredState => {
  const { nats, model, epoch, defaultIntervalMs } = options
  const runs = openBucket(nats, 'runs')
  const sessions = openBucket(nats, 'sessions')
  const access = openBucket(nats, 'campaign_access')

  const writeRun = async (row: CampaignRow) => {
    if (row.sessionId === undefined) return
    await putIfOther(
      runs,
      keys.run(row.tenant, row.campaignId),
      runOf(row, mayRun(row, epoch()), defaultIntervalMs),
    )
  }
  const writeAccess = async ({ campaignId, tenant, ownerId, isDeleted }: CampaignRow) => {
    const key = keys.campaignAccess(campaignId)
    if (!isDeleted) return putIfOther(access, key, { campaignId, tenant, ownerId } satisfies CampaignAccess)
    if ((await access.get(key)) !== undefined) await access.delete(key)
  }
  const writeSession = (row: SessionRow) =>
    putIfOther(sessions, keys.session(row.tenant, row.sessionId), desiredSession(row))

  return {
    campaign: async (id) => {
      const row = model.campaign(id)
      if (row === undefined) return
      await writeRun(row)
      if (row.isDeleted) await writeAccess(row)
    },
    session: async (id) => {
      const row = model.session(id)
      if (row !== undefined) await writeSession(row)
    },
    everything: async () => {
      const known = new Set(await access.keys())
      for (const row of model.everyCampaign()) {
        if (known.has(keys.campaignAccess(row.campaignId)) === row.isDeleted) await writeAccess(row)
        if (!isOver(row)) await writeRun(row)
      }
      for (const row of model.sessions()) await writeSession(row)
    },
  }
}

const runOf = (row: CampaignRow, open: boolean, defaultIntervalMs: number): Run => ({
  tenant: row.tenant,
  campaignId: row.campaignId,
  gate: open ? 'open' : 'shut',
  ...(row.notBefore === undefined ? {} : { notBefore: row.notBefore }),
  message: row.message,
  intervalMs: row.intervalMs ?? defaultIntervalMs,
  sessionIds: row.sessionId === undefined ? [] : [row.sessionId],
})

const desiredSession = (row: SessionRow): DesiredSession => ({
  tenant: row.tenant,
  sessionId: row.sessionId,
  ownerId: row.ownerId,
  wanted:
    row.state === 'unlinking' || row.state === 'logged_out' || row.state === 'banned' ? 'unlinked' : 'linked',
  method: row.method,
  qrFor: row.state === 'requested' ? [...row.qrFor] : [],
})

/** Writes only what differs, so that watchers are not woken for nothing. */
const putIfOther = async (bucket: Bucket, key: string, value: object): Promise<void> => {
  const present = await bucket.get(key)
  if (present !== undefined && JSON.stringify(present.json()) === JSON.stringify(value)) return
  await bucket.put(key, value)
}
