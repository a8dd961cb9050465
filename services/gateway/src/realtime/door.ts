// Who may connect: every check before the 101, in a fixed order, each with its own answer.
import type { IncomingMessage } from 'node:http'

import { canLinkFor, canReadCampaign, type CampaignAccess } from '@peyk/contracts'
import { type Authenticator, checkLocalDoor } from '@peyk/service-kit'

import { type AccessReader, AccessUnknown } from './access.ts'
import { identify, type Identity } from './identity.ts'
import { chooseSubprotocol, isBadParameter, type Parameters, readParameters } from './parameters.ts'
import { Refusal } from './refusal.ts'
import type { Revocations } from './revocations.ts'
import type { Tickets } from './tickets.ts'

export interface Admission {
  readonly parameters: Parameters
  readonly identity: Identity
  /** Whether a QR may go to this user. */
  readonly mayLink: boolean
}

export interface DoorOptions {
  readonly authenticator: Authenticator
  readonly access: AccessReader
  readonly tickets: Tickets
  readonly revocations: Revocations
  readonly allowedOrigins: readonly string[]
  readonly publicPort: number | undefined
}

export interface Door {
  /** Throws Refusal. */
  admit(request: IncomingMessage): Promise<Admission>
}

const WEBSOCKET_PATH = '/ws/campaigns'

export const createDoor = (options: DoorOptions): Door => ({
  admit: async (request) => {
    const { pathname, search } = splitUrl(request.url ?? '/')
    if (pathname !== WEBSOCKET_PATH) throw new Refusal('not_found', 'not_found')
    if (request.method !== 'GET') throw new Refusal('bad_request', 'method_not_allowed')
    demandOrigin(request, options.authenticator.mode, options.allowedOrigins, options.publicPort)
    const parameters = parametersOf(request, search)
    const identity = await identify(request, parameters, options)
    const campaign = await accessOf(options.access, parameters)
    demandAccess(identity, campaign, options.revocations)
    return { parameters, identity, mayLink: canLinkFor(identity.principal, campaign) }
  },
})

/** What was taken back looks as if it had never been given. */
const demandAccess = (
  { principal, tokenId }: Identity,
  campaign: CampaignAccess,
  revocations: Revocations,
): void => {
  const { campaignId } = campaign
  if (!canReadCampaign(principal, campaign) || revocations.isRevoked({ principal, campaignId, tokenId }))
    throw new Refusal('not_found', 'campaign_not_found')
}

const splitUrl = (url: string): { pathname: string; search: string } => {
  const mark = url.indexOf('?')
  return mark < 0
    ? { pathname: url, search: '' }
    : { pathname: url.slice(0, mark), search: url.slice(mark + 1) }
}

const parametersOf = (request: IncomingMessage, search: string): Parameters => {
  const parameters = readParameters(search)
  if (isBadParameter(parameters))
    throw new Refusal('bad_request', 'invalid_request', `${parameters.path} ${parameters.message}`)
  if (chooseSubprotocol(request.headers['sec-websocket-protocol']) === 'refused')
    throw new Refusal('bad_request', 'invalid_request', 'none of the offered subprotocols is spoken here')
  return parameters
}

/** Browsers always send an Origin: ours, or one that is allowed. Without one it is no browser. */
const demandOrigin = (
  request: IncomingMessage,
  mode: Authenticator['mode'],
  allowed: readonly string[],
  publicPort: number | undefined,
): void => {
  const { origin, host } = request.headers
  if (mode === 'local') {
    const ports = [publicPort, request.socket.localPort].filter((port) => port !== undefined)
    const refusal = checkLocalDoor(request.headers, ports)
    if (refusal !== undefined) throw new Refusal('origin', 'forbidden_origin', refusal.replaceAll('_', ' '))
    return
  }
  if (origin === undefined || allowed.includes(origin)) return
  if (URL.canParse(origin) && new URL(origin).host === host) return
  throw new Refusal('origin', 'forbidden_origin')
}

const accessOf = async (reader: AccessReader, { campaignId }: Parameters): Promise<CampaignAccess> => {
  try {
    const access = await reader.of(campaignId)
    if (access !== undefined) return access
  } catch (error) {
    if (error instanceof AccessUnknown) throw new Refusal('unavailable', 'unavailable')
    throw error
  }
  throw new Refusal('not_found', 'campaign_not_found')
}
