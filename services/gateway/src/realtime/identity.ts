// Who asks: by a ticket, a token, or, in local mode, by the parameter alone.
import type { IncomingMessage } from 'node:http'

import type { Principal } from '@peyk/contracts'
import { NatsUnavailable } from '@peyk/messaging'
import { type Authenticator, bearerToken, problemCodeOfAuthentication } from '@peyk/service-kit'

import type { Parameters } from './parameters.ts'
import { Refusal } from './refusal.ts'
import { looksLikeTicket, type Tickets } from './tickets.ts'

export interface Identity {
  readonly principal: Principal
  /** Milliseconds since 1970; undefined for a local user without a token. */
  readonly tokenEndsAt: number | undefined
  readonly tokenId: string | undefined
}

export const identify = async (
  request: IncomingMessage,
  parameters: Parameters,
  { authenticator, tickets }: { readonly authenticator: Authenticator; readonly tickets: Tickets },
): Promise<Identity> => {
  const given = parameters.token ?? bearerToken(request.headers.authorization)
  const identity =
    given !== undefined && looksLikeTicket(given)
      ? await byTicket(given, parameters, tickets)
      : await byToken(given, parameters, authenticator)
  if (identity.principal.userId !== parameters.userId)
    throw new Refusal('forbidden', 'forbidden', 'userId is not the user of the token')
  return identity
}

const byTicket = async (ticket: string, { campaignId }: Parameters, tickets: Tickets): Promise<Identity> => {
  try {
    const taken = await tickets.take(ticket, campaignId)
    if (taken === undefined) throw new Refusal('unauthorized', 'unauthorized', 'the ticket is not valid')
    return { principal: taken.principal, tokenEndsAt: taken.tokenEndsAt, tokenId: taken.tokenId }
  } catch (error) {
    if (error instanceof NatsUnavailable) throw new Refusal('unavailable', 'unavailable')
    throw error
  }
}

const byToken = async (
  token: string | undefined,
  { userId }: Parameters,
  authenticator: Authenticator,
): Promise<Identity> => {
  const result = await authenticator.authenticate(token, { localUserId: userId })
  if (result.kind === 'refused') {
    const code = problemCodeOfAuthentication(result.reason)
    throw new Refusal(
      code === 'unavailable' ? 'unavailable' : 'unauthorized',
      code,
      result.reason.replaceAll('_', ' '),
    )
  }
  const { principal, expiresAt, tokenId } = result
  return { principal, tokenEndsAt: expiresAt?.getTime(), tokenId }
}
