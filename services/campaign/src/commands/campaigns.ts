// Finding a campaign for somebody, and giving it a command.
import {
  type CampaignCommand,
  type CampaignId,
  type CampaignOwnership,
  canReadCampaign,
  type Principal,
} from '@peyk/contracts'
import { handleCommand, loadStream } from '@peyk/event-sourcing'
import { ProblemError } from '@peyk/service-kit'

import type { CampaignRow } from '../catalogue/catalogue.ts'
import type { ExistingCampaign } from '../domain/campaign/campaign.ts'
import { campaignStream } from '../domain/campaign/stream.ts'
import { rowOfState } from './campaign-row.ts'
import { type Actor, type CommandContext, metadataOf } from './context.ts'
import { refusal } from './refusals.ts'

/** How long a reply waits for the event to be in this process' own list. */
const CATALOGUE_TIMEOUT_MS = 1_000

export type Permission = (principal: Principal, campaign: CampaignOwnership) => boolean

/** Another tenant's campaign is none; one that may be read but not more is forbidden. */
export const findCampaign = async (
  context: CommandContext,
  principal: Principal,
  id: CampaignId,
  mayDo: Permission = canReadCampaign,
): Promise<CampaignRow> => {
  const row = await findEvenDeleted(context, principal, id, mayDo)
  if (row.restorableUntil !== undefined) throw new ProblemError('campaign_not_found')
  return row
}

/** For who deletes it again, or wants it back. */
export const findEvenDeleted = async (
  context: CommandContext,
  principal: Principal,
  id: CampaignId,
  mayDo: Permission,
): Promise<CampaignRow> => {
  const row = context.catalogue.campaign(id) ?? (await storedRow(context, id))
  if (row === undefined || !canReadCampaign(principal, row)) throw new ProblemError('campaign_not_found')
  if (!mayDo(principal, row)) throw new ProblemError('forbidden')
  return row
}

/** The catalogue may be a moment behind what another process has answered already. */
const storedRow = async (context: CommandContext, id: CampaignId): Promise<CampaignRow | undefined> => {
  const loaded = await loadCampaign(context, id)
  if (loaded === undefined) return undefined
  return rowOfState(loaded.campaign, loaded.revision, await knownAt(context, id, loaded.position))
}

/** The row once it is as far as `position`, or as far as it came in time. */
const knownAt = async ({ catalogue }: CommandContext, id: CampaignId, position: bigint) => {
  await catalogue.readModel.waitForPosition(position, CATALOGUE_TIMEOUT_MS)
  return catalogue.campaign(id)
}

export const loadCampaign = async ({ store }: CommandContext, id: CampaignId) => {
  const { streamName, decider, codec } = campaignStream(id)
  const { state, revision, position } = await loadStream(store, streamName, decider, codec)
  return state.status === 'NONE' ? undefined : { campaign: state, revision, position }
}

/** Gives a campaign a command and answers the campaign as it is after it; throws the refusal's problem. */
export const handleCampaign = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
  command: CampaignCommand,
): Promise<CampaignRow> => {
  const result = await handleCommand({
    store: context.store,
    ...campaignStream(id),
    command,
    metadata: metadataOf(actor),
    expectedRevision: actor.expectedRevision,
  })
  if (result.outcome === 'rejected') throw refusal(result.reason)
  if (result.outcome === 'conflict') throw new ProblemError('precondition_failed')
  if (result.state.status === 'NONE') throw new ProblemError('campaign_not_found')
  return rowAfter(context, result.state, result)
}

/** The campaign as a command has left it, however far the catalogue is. */
export const rowAfter = async (
  context: CommandContext,
  campaign: ExistingCampaign,
  { revision, position }: { readonly revision: bigint; readonly position: bigint },
): Promise<CampaignRow> =>
  rowOfState(campaign, revision, await knownAt(context, campaign.details.campaignId, position))
