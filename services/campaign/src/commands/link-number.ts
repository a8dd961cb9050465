// Linking a WhatsApp number to a campaign: the one asked for, the campaign's own, the user's only one, or a new one.
import { createHash } from 'node:crypto'

import {
  type CampaignId,
  type CommandId,
  type Principal,
  type SessionCommand,
  type SessionId,
  sessionIdSchema,
} from '@peyk/contracts'
import { handleCommand } from '@peyk/event-sourcing'
import { ProblemError } from '@peyk/service-kit'

import type { CampaignRow, SessionRow } from '../catalogue/catalogue.ts'
import type { CampaignDetails } from '../domain/campaign/campaign.ts'
import type { ExistingSession } from '../domain/session/session.ts'
import { sessionStream } from '../domain/session/stream.ts'
import { handleCampaign, loadCampaign } from './campaigns.ts'
import { type Actor, type CommandContext, metadataOf } from './context.ts'
import { refusal } from './refusals.ts'

export interface LinkedNumber {
  readonly campaign: CampaignRow
  readonly sessionId: SessionId
  readonly status: ExistingSession['status']
}

const CATALOGUE_TIMEOUT_MS = 1_000

const MAX_RACES = 3

/** A linked number is attached at once; for any other the QR goes to the feed of the campaign. */
export const linkNumber = async (
  context: CommandContext,
  actor: Actor,
  campaignId: CampaignId,
  asked: SessionId | undefined,
): Promise<LinkedNumber> => {
  const campaign = await attachNumber(context, actor, campaignId, asked)
  const { sessionId, tenant } = campaign
  if (sessionId === undefined) throw new ProblemError('conflict')
  const session = await handleSession(context, actor, sessionId, {
    type: 'RequestLink',
    data: { sessionId, tenant, ownerId: actor.principal.userId, method: 'qr', campaignId },
  })
  return { campaign, sessionId, status: session.status }
}

/** Two requests at a time must not make two numbers: the campaign stands as it was when the number was chosen. */
const attachNumber = async (
  context: CommandContext,
  actor: Actor,
  id: CampaignId,
  asked: SessionId | undefined,
): Promise<CampaignRow> => {
  for (let race = 1; ; race += 1) {
    const loaded = await loadCampaign(context, id)
    if (loaded === undefined) throw new ProblemError('campaign_not_found')
    const sessionId = chooseNumber(context, actor, loaded.campaign.details, asked)
    try {
      return await handleCampaign(context, { ...actor, expectedRevision: loaded.revision }, id, {
        type: 'AttachSession',
        data: { sessionId },
      })
    } catch (error) {
      const isOvertaken = error instanceof ProblemError && error.code === 'precondition_failed'
      if (!isOvertaken || race === MAX_RACES) throw error
    }
  }
}

const chooseNumber = (
  context: CommandContext,
  { principal, commandId }: Actor,
  campaign: CampaignDetails,
  asked: SessionId | undefined,
): SessionId => {
  if (asked !== undefined) return demandNumber(context, principal, asked).sessionId
  if (campaign.sessionId !== undefined) return campaign.sessionId
  const own = context.catalogue.sessions({ tenant: principal.tenant, ownerId: principal.userId })
  const linked = own.filter(isLinked)
  const [only] = linked
  if (only !== undefined && linked.length === 1) return only.sessionId
  const limit = context.settings.MAX_SESSIONS_PER_USER
  if (own.filter(isActive).length >= limit) throw refusal({ code: 'too_many_sessions', limit })
  return newSessionId(commandId)
}

const isLinked = ({ state }: SessionRow): boolean => state === 'connected' || state === 'disconnected'
const isActive = (session: SessionRow): boolean => isLinked(session) || session.state === 'linking'

/** A number of the tenant that this user may use. */
const demandNumber = ({ catalogue }: CommandContext, principal: Principal, id: SessionId): SessionRow => {
  const session = catalogue.session(id)
  const mayUse =
    session?.tenant === principal.tenant &&
    (session.ownerId === principal.userId ||
      principal.roles.some((role) => role === 'operator' || role === 'admin'))
  if (!mayUse) throw new ProblemError('session_not_found')
  return session
}

/** `wa_` and 20 letters or digits; the same command gives the same one. */
const newSessionId = (commandId: CommandId): SessionId => {
  const digest = createHash('sha256').update(`session\n${commandId}`).digest('hex')
  return sessionIdSchema.parse(`wa_${BigInt(`0x${digest}`).toString(36).slice(0, 20)}`)
}

/** Ends the link of the campaign's number; refused while a campaign sends with it. */
export const unlinkNumber = async (
  context: CommandContext,
  actor: Actor,
  row: CampaignRow,
): Promise<void> => {
  if (row.sessionId === undefined) return
  if (context.catalogue.isSending(row.sessionId))
    throw new ProblemError('wrong_state', {
      detail: 'a campaign is RUNNING with this number: pause it first',
    })
  if (context.catalogue.session(row.sessionId) === undefined) return
  await handleSession(context, actor, row.sessionId, { type: 'RequestUnlink', data: {} })
}

const handleSession = async (
  context: CommandContext,
  actor: Actor,
  id: SessionId,
  command: SessionCommand,
): Promise<ExistingSession> => {
  const result = await handleCommand({
    store: context.store,
    ...sessionStream(id),
    command,
    metadata: metadataOf(actor),
  })
  if (result.outcome === 'rejected') throw refusal(result.reason)
  if (result.outcome === 'conflict' || result.state.status === 'none') throw new ProblemError('conflict')
  await context.catalogue.readModel.waitForPosition(result.position, CATALOGUE_TIMEOUT_MS)
  return result.state
}
