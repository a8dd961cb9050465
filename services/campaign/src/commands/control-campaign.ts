// Start, pause, resume, cancel: what opens and shuts a run.
import { type CampaignId, epochSchema, type Epoch, type FieldError, type SessionId } from '@peyk/contracts'
import { loadStream } from '@peyk/event-sourcing'
import { streamEpoch } from '@peyk/messaging'
import { ProblemError } from '@peyk/service-kit'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import type { CampaignDetails } from '../domain/campaign/campaign.ts'
import { textFault } from '../domain/campaign/preview.ts'
import { sessionStream } from '../domain/session/stream.ts'
import { readRecipients } from '../imports/chunks.ts'
import { handleCampaign, loadCampaign } from './campaigns.ts'
import type { Actor, CommandContext } from './context.ts'
import { readStates } from './recipient-states.ts'
import { newRunKey } from './run-key.ts'

const MAX_FAULTS_NAMED = 100

const outcomesEpoch = async ({ nats }: CommandContext): Promise<Epoch> =>
  epochSchema.parse(await streamEpoch(nats, 'OUTCOMES'))

/** The catalogue may be behind: what it does not know as connected is looked up. */
export const isConnected = async (
  { catalogue, store }: CommandContext,
  sessionId: SessionId | undefined,
): Promise<boolean> => {
  if (sessionId === undefined) return false
  if (catalogue.session(sessionId)?.state === 'connected') return true
  const { streamName, decider, codec } = sessionStream(sessionId)
  const { state } = await loadStream(store, streamName, decider, codec)
  return state.status === 'connected'
}

export const startCampaign = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
): Promise<CampaignRow> => {
  const loaded = await loadCampaign(context, id)
  if (loaded?.campaign.status === 'READY') await demandTexts(context, loaded.campaign.details)
  const nowMs = Date.now()
  return handleCampaign(context, actor, id, {
    type: 'StartCampaign',
    data: {
      runKey: newRunKey(),
      epoch: await outcomesEpoch(context),
      now: new Date(nowMs).toISOString(),
      notBefore: new Date(nowMs + context.settings.FIRST_SEND_DELAY).toISOString(),
      hasConnectedNumber: await isConnected(context, loaded?.campaign.details.sessionId),
    },
  })
}

/** Every recipient has all that the message needs, and nobody gets more than fits. */
const demandTexts = async ({ store }: CommandContext, details: CampaignDetails): Promise<void> => {
  const { campaignId, message, recipients } = details
  const faults: FieldError[] = []
  let position = 0
  for await (const recipient of readRecipients(store, campaignId, recipients?.chunks ?? [])) {
    position += 1
    const fault = textFault(message, recipient)
    if (fault === undefined) continue
    faults.push({ path: `recipients.${position}`, code: fault.code, message: fault.detail })
    if (faults.length === MAX_FAULTS_NAMED) break
  }
  const [first] = faults
  if (first === undefined) return
  const code = first.code === 'missing_variable' ? 'missing_variable' : 'message_too_long'
  throw new ProblemError(code, { errors: faults })
}

/** Nobody looks at a campaign again when its time comes: what waits for it has to fit all along. */
export const demandFittingMessage = async (
  context: CommandContext,
  id: CampaignId,
  message: string,
): Promise<void> => {
  const loaded = await loadCampaign(context, id)
  if (loaded?.campaign.status === 'SCHEDULED')
    await demandTexts(context, { ...loaded.campaign.details, message })
}

/** Answers once nothing of the run is in the air any more. */
export const pauseCampaign = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
): Promise<CampaignRow> => {
  const row = await handleCampaign(context, actor, id, { type: 'PauseCampaign', data: { reason: 'user' } })
  await context.control.settle({ tenant: row.tenant, campaignId: row.campaignId })
  return row
}

export const cancelCampaign = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
): Promise<CampaignRow> => {
  const row = await handleCampaign(context, actor, id, { type: 'CancelCampaign', data: {} })
  await context.control.settle({ tenant: row.tenant, campaignId: row.campaignId })
  return row
}

export const undoStart = (context: CommandContext, actor: Actor, id: CampaignId): Promise<CampaignRow> =>
  handleCampaign(context, actor, id, { type: 'UndoStart', data: { now: new Date().toISOString() } })

export const retryFailed = async (
  context: CommandContext,
  actor: Actor,
  row: CampaignRow,
  includeUnconfirmed: boolean,
): Promise<CampaignRow> =>
  handleCampaign(context, actor, row.campaignId, {
    type: 'RetryFailed',
    data: {
      epoch: await outcomesEpoch(context),
      notBefore: new Date(Date.now() + context.settings.FIRST_SEND_DELAY).toISOString(),
      includeUnconfirmed,
      retryable: await countRetryable(context, row, includeUnconfirmed),
      hasConnectedNumber: await isConnected(context, row.sessionId),
    },
  })

const countRetryable = async (
  { store }: CommandContext,
  { campaignId, progress }: CampaignRow,
  includeUnconfirmed: boolean,
): Promise<number> => {
  const stateOf = await readStates(store, campaignId)
  let count = 0
  for (let position = 1; position <= progress.total; position += 1) {
    const state = stateOf(position)
    if (state === 'failed' || state === 'pending' || (includeUnconfirmed && state === 'unconfirmed'))
      count += 1
  }
  return count
}

export const resumeCampaign = async (
  context: CommandContext,
  actor: Actor,
  row: CampaignRow,
): Promise<CampaignRow> =>
  handleCampaign(context, actor, row.campaignId, {
    type: 'ResumeCampaign',
    data: {
      epoch: await outcomesEpoch(context),
      hasConnectedNumber: await isConnected(context, row.sessionId),
    },
  })
