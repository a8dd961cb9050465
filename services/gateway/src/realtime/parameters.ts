// The parameters of a connection: exactly one campaignId and one userId, in the owner's spelling.
import {
  campaignIdTextSchema,
  type CampaignId,
  SUBPROTOCOL,
  userIdSchema,
  type UserId,
} from '@peyk/contracts'

export interface Parameters {
  readonly campaignId: CampaignId
  readonly userId: UserId
  readonly token: string | undefined
}

/** Which parameter breaks which rule; its value is not repeated. */
export interface BadParameter {
  readonly path: 'campaignId' | 'userId' | 'token'
  readonly message: string
}

/** `search` as it came, with or without the question mark. */
export const readParameters = (search: string): Parameters | BadParameter => {
  const query = new URLSearchParams(search)
  for (const name of ['campaignId', 'userId', 'token'] as const) {
    const count = query.getAll(name).length
    if (count > 1) return { path: name, message: 'is given more than once' }
    if (count === 0 && name !== 'token') return { path: name, message: 'is missing' }
  }
  const campaignId = campaignIdTextSchema.safeParse(query.get('campaignId'))
  if (!campaignId.success) return { path: 'campaignId', message: 'must be a positive integer' }
  const userId = userIdSchema.safeParse(query.get('userId'))
  if (!userId.success) return { path: 'userId', message: 'must have 1 to 128 characters' }
  return { campaignId: campaignId.data, userId: userId.data, token: query.get('token') ?? undefined }
}

export const isBadParameter = (parameters: Parameters | BadParameter): parameters is BadParameter =>
  'path' in parameters

/** The subprotocol to echo: undefined when none was offered, `refused` when none of the offered ones is spoken here. */
export const chooseSubprotocol = (
  offered: string | undefined,
): typeof SUBPROTOCOL | undefined | 'refused' => {
  const names = (offered ?? '').split(',').flatMap((name) => name.trim() || [])
  if (names.length === 0) return undefined
  return names.includes(SUBPROTOCOL) ? SUBPROTOCOL : 'refused'
}
