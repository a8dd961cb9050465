// WhatsApp numbers: link one to a campaign, see whether it is there, take it away, list them.
import { canLinkFor, type Principal, qrCodeRequest, type SessionReply } from '@peyk/contracts'

import type { CampaignRow, SessionRow } from '../catalogue/catalogue.ts'
import { findCampaign } from '../commands/campaigns.ts'
import type { CommandContext } from '../commands/context.ts'
import { linkNumber, unlinkNumber } from '../commands/link-number.ts'
import { campaignParams as params, type Routes } from './routes.ts'

const LINKED = 'WhatsApp is connected'
const AWAY = 'The number is linked and connects again by itself'
const SCAN = 'Scan the QR code that the live feed of the campaign shows'

export const addSessionRoutes = (routes: Routes, context: CommandContext): void => {
  routes.add('POST', '/api/campaigns/:id/qr-code', { params, body: qrCodeRequest }, async (call) => {
    const { campaignId } = await routes.runnable(call, canLinkFor)
    const { campaign, sessionId, status } = await linkNumber(
      context,
      routes.actor(call),
      campaignId,
      call.body.sessionId,
    )
    const isConnected = status === 'connected'
    const isLinked = isConnected || status === 'disconnected'
    const message = isConnected ? LINKED : isLinked ? AWAY : SCAN
    return {
      ...routes.reply(campaign, message, { isConnected, sessionId }),
      status: isConnected ? 200 : 202,
    }
  })

  routes.add('GET', '/api/campaigns/:id/connection', { params }, async (call) => {
    const row = await findCampaign(context, call.principal, call.params.id)
    return { body: connectionOf(row, sessionOfCampaign(context, row)) }
  })

  routes.add('POST', '/api/campaigns/:id/cleanup-session', { params }, async (call) => {
    const row = await routes.runnable(call, canLinkFor)
    await unlinkNumber(context, routes.actor(call), row)
    return routes.reply(row, 'The number is being unlinked')
  })

  routes.add('GET', '/api/sessions', {}, ({ principal }) => {
    const sessions = context.catalogue.sessions({ tenant: principal.tenant, ownerId: ownerFilter(principal) })
    return { body: { sessions: sessions.map(sessionReply) } }
  })
}

const sessionOfCampaign = (
  { catalogue }: CommandContext,
  { sessionId }: CampaignRow,
): SessionRow | undefined => (sessionId === undefined ? undefined : catalogue.session(sessionId))

const connectionOf = (row: CampaignRow, session: SessionRow | undefined) => ({
  isConnected: session?.state === 'connected',
  lastActivity: session?.lastActivity ?? null,
  hasActiveSession: session?.state === 'connected' || session?.state === 'disconnected',
  sessionId: row.sessionId ?? null,
})

/** Members see their own numbers, everybody else those of the tenant. */
const ownerFilter = ({ roles, userId }: Principal) =>
  roles.some((role) => role !== 'member') ? undefined : userId

const sessionReply = ({ sessionId, state, number, lastActivity }: SessionRow): SessionReply => ({
  id: sessionId,
  state,
  number: number ?? null,
  lastActivity,
})
