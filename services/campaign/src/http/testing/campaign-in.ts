// Campaigns in any state, made as quickly as the rules allow.
import { randomUUID } from 'node:crypto'

import {
  type CampaignCommand,
  type CampaignId,
  type CampaignStatus,
  epochSchema,
  tenantIdSchema,
  totalsOfPending,
} from '@peyk/contracts'
import { type EventStore, handleCommand } from '@peyk/event-sourcing'

import { campaignStream } from '../../domain/campaign/stream.ts'
import { type Caller, createCampaign } from '../../testing/campaign-service.contract.ts'

const list = 'phone,name\n09123456789,علی\n09123456780,رضا\n'
const totals = { ...totalsOfPending(0), sent: 2 }

const start: CampaignCommand = {
  type: 'StartCampaign',
  data: {
    runKey: Buffer.alloc(32, 1).toString('base64'),
    epoch: epochSchema.parse('an epoch of the tests'),
    now: '2024-01-01T00:00:00.000Z',
    notBefore: '2099-01-01T00:00:00.000Z',
    hasConnectedNumber: true,
  },
}
const plan: CampaignCommand = {
  type: 'SetPacing',
  data: {
    intervalMs: 10_000,
    schedule: {
      scheduledAt: '2099-01-01T00:00:00Z',
      timezone: 'Asia/Tehran',
      missedRun: 'skip',
      missedRunLimitMs: 3_600_000,
    },
  },
}
const pause: CampaignCommand = { type: 'PauseCampaign', data: { reason: 'user' } }

/** From READY on. */
const steps: Record<Exclude<CampaignStatus, 'DRAFT'>, readonly CampaignCommand[]> = {
  READY: [],
  SCHEDULED: [plan, start],
  // Of another epoch than today's: nothing of it is sent, and it is paused when somebody looks.
  RUNNING: [start],
  PAUSED: [start, pause],
  COMPLETED: [start, { type: 'CompleteCampaign', data: { totals } }],
  CANCELLED: [start, { type: 'CancelCampaign', data: {} }],
  FAILED: [start, { type: 'FailCampaign', data: { reason: 'numberGone', totals } }],
}

export type MadeState = keyof typeof steps | 'DRAFT'

export const campaignIn = async (
  state: MadeState,
  caller: Caller,
  store: EventStore,
): Promise<CampaignId> => {
  const id = await createCampaign(caller)
  if (state === 'DRAFT') return id
  const linked = await caller.send('POST', `/api/campaigns/${id}/qr-code`)
  const imported = await caller.upload(`/api/campaigns/${id}/recipients`, list)
  if (linked.status > 202 || imported.status !== 200) throw new Error(`not ready: ${imported.text}`)
  for (const command of steps[state]) await give(store, id, command)
  return id
}

/** A command of the system, as the background work gives it. */
const give = async (store: EventStore, id: CampaignId, command: CampaignCommand): Promise<void> => {
  const commandId = randomUUID()
  const result = await handleCommand({
    store,
    ...campaignStream(id),
    command,
    metadata: {
      commandId,
      correlationId: commandId,
      causationId: commandId,
      tenant: tenantIdSchema.parse('acme'),
      occurredAt: new Date().toISOString(),
    },
  })
  if (result.outcome !== 'accepted') throw new Error(`${command.type}: ${JSON.stringify(result)}`)
}
