// POST /api/ws-tickets: a ticket for the live feed of one campaign.
import { canReadCampaign, wsTicketRequest } from '@peyk/contracts'
import { NatsUnavailable } from '@peyk/messaging'
import { type Authenticator, bearerToken, type HttpApi, ProblemError } from '@peyk/service-kit'

import { type AccessReader, AccessUnknown } from '../realtime/access.ts'
import type { Revocations } from '../realtime/revocations.ts'
import type { Tickets } from '../realtime/tickets.ts'

export interface TicketRouteOptions {
  readonly authenticator: Authenticator
  readonly access: AccessReader
  readonly tickets: Tickets
  readonly revocations: Revocations
}

export const addTicketRoute = (api: HttpApi, options: TicketRouteOptions): void => {
  const { authenticator, access, tickets, revocations } = options
  api.route('POST', '/api/ws-tickets', { body: wsTicketRequest }, async ({ body, principal, request }) => {
    const { campaignId } = body
    // The API has let the token in; here its id and its end are wanted, which a ticket inherits.
    const token = await authenticator.authenticate(bearerToken(request.headers.authorization))
    if (token.kind === 'refused') throw new ProblemError('unauthorized')
    const { expiresAt: end, tokenId } = token
    const campaign = await access.of(campaignId).catch(unavailable)
    const isVisible = campaign !== undefined && canReadCampaign(principal, campaign)
    if (!isVisible || revocations.isRevoked({ principal, campaignId, tokenId }))
      throw new ProblemError('campaign_not_found')
    const holder = {
      principal,
      campaignId,
      ...(end === undefined ? {} : { tokenEndsAt: end.getTime() }),
      ...(tokenId === undefined ? {} : { tokenId }),
    }
    const { ticket, expiresAt } = await tickets.issue(holder).catch(unavailable)
    return { status: 201, body: { ticket, expiresAt: expiresAt.toISOString() } }
  })
}

const unavailable = (cause: unknown): never => {
  if (cause instanceof AccessUnknown || cause instanceof NatsUnavailable)
    throw new ProblemError('unavailable', { headers: { 'retry-after': '2' }, cause })
  throw cause
}
