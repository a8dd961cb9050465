// Who may connect: every check before the 101, in a fixed order, each with its own answer.
import type { IncomingMessage } from 'node:http'

import {
  canLinkFor,
  canReadCampaign,
  type CampaignAccess,
  type Principal,
  type ProblemCode,
  problemOf,
} from '@peyk/contracts'
import {
  type Authenticator,
  bearerToken,
  checkLocalDoor,
  problemCodeOfAuthentication,
} from '@peyk/service-kit'

import { type AccessReader, AccessUnknown } from './access.ts'
import type { UpgradeResult } from './metrics.ts'
import { chooseSubprotocol, isBadParameter, type Parameters, readParameters } from './parameters.ts'

export interface Admission {
  readonly parameters: Parameters
  readonly principal: Principal
  readonly access: CampaignAccess
  readonly mayLink: boolean
  readonly tokenEndsAt: number | undefined
}

/** Why not: the HTTP answer before the 101. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly result: UpgradeResult
  readonly code: ProblemCode
  readonly detail: string | undefined

  constructor(result: UpgradeResult, code: ProblemCode, detail?: string) {
    super(detail ?? code)
    this.result = result
    this.code = code
    this.detail = detail
  }

  get problem(): ReturnType<typeof problemOf> {
    return problemOf(this.code, this.detail)
  }
}

export interface DoorOptions {
  readonly authenticator: Authenticator
  readonly access: AccessReader
  readonly allowedOrigins: readonly string[]
  readonly publicPort: number | undefined
}

export interface Door {
  /** Throws Refusal. */
  admit(request: IncomingMessage): Promise<Admission>
}

export const WEBSOCKET_PATH = '/ws/campaigns'

export const createDoor = ({ authenticator, access, allowedOrigins, publicPort }: DoorOptions): Door => ({
  admit: async (request) => {
    const { pathname, search } = splitUrl(request.url ?? '/')
    if (pathname !== WEBSOCKET_PATH) throw new Refusal('not_found', 'not_found')
    if (request.method !== 'GET') throw new Refusal('bad_request', 'method_not_allowed')
    demandOrigin(request, authenticator.mode, allowedOrigins, publicPort)
    const parameters = parametersOf(request, search)
    const { principal, tokenEndsAt } = await identify(request, parameters, authenticator)
    const campaign = await accessOf(access, parameters)
    if (!canReadCampaign(principal, campaign)) throw new Refusal('not_found', 'campaign_not_found')
    return { parameters, principal, access: campaign, mayLink: canLinkFor(principal, campaign), tokenEndsAt }
  },
})

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

const identify = async (
  request: IncomingMessage,
  { token, userId }: Parameters,
  authenticator: Authenticator,
): Promise<{ principal: Principal; tokenEndsAt: number | undefined }> => {
  const given = token ?? bearerToken(request.headers.authorization)
  const result = await authenticator.authenticate(given, { localUserId: userId })
  if (result.kind === 'refused') {
    const code = problemCodeOfAuthentication(result.reason)
    throw new Refusal(
      code === 'unavailable' ? 'unavailable' : 'unauthorized',
      code,
      result.reason.replaceAll('_', ' '),
    )
  }
  if (result.principal.userId !== userId)
    throw new Refusal('forbidden', 'forbidden', 'userId is not the user of the token')
  return { principal: result.principal, tokenEndsAt: result.expiresAt?.getTime() }
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
