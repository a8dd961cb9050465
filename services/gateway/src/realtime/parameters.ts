// The parameters of a connection: exactly one campaignId and one userId, in the owner's spelling.
import {
  campaignIdTextSchema,
  type CampaignId,
  SUBPROTOCOL,
  SUBPROTOCOL_V2,
  userIdSchema,
  type UserId,
} from '@peyk/contracts'

export interface Parameters {
  readonly campaignId: CampaignId
  readonly userId: UserId
  readonly token: string | undefined
  /** Where a client of v2 was, when it comes back. */
  readonly resume: Position | undefined
}

/** A place in the feed of one campaign. */
export interface Position {
  /** The creation of the stream: sequences of another one mean nothing. */
  readonly epoch: string
  readonly sequence: number
  /** The campaign's own contiguous count. */
  readonly count: number
}

/** Which parameter breaks which rule; its value is not repeated. */
export interface BadParameter {
  readonly path: 'campaignId' | 'userId' | 'token' | 'resume'
  readonly message: string
}

/** `search` as it came, with or without the question mark. */
export const readParameters = (search: string): Parameters | BadParameter => {
  const query = new URLSearchParams(search)
  for (const name of ['campaignId', 'userId', 'token', 'resume'] as const) {
    const count = query.getAll(name).length
    if (count > 1) return { path: name, message: 'is given more than once' }
    if (count === 0 && name !== 'token' && name !== 'resume') return { path: name, message: 'is missing' }
  }
  const campaignId = campaignIdTextSchema.safeParse(query.get('campaignId'))
  if (!campaignId.success) return { path: 'campaignId', message: 'must be a positive integer' }
  const userId = userIdSchema.safeParse(query.get('userId'))
  if (!userId.success) return { path: 'userId', message: 'must have 1 to 128 characters' }
  const resume = readPosition(query.get('resume'))
  if (resume === 'bad') return { path: 'resume', message: 'must be <epoch>.<seq>.<n>' }
  const token = query.get('token') ?? undefined
  return { campaignId: campaignId.data, userId: userId.data, token, resume }
}

const readPosition = (text: string | null): Position | undefined | 'bad' => {
  if (text === null) return undefined
  const [, epoch, sequence, count] = /^([\w:.+-]{1,64})\.(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
  return epoch === undefined ? 'bad' : { epoch, sequence: Number(sequence), count: Number(count) }
}

export const isBadParameter = (parameters: Parameters | BadParameter): parameters is BadParameter =>
  'path' in parameters

/** The subprotocol to echo: undefined when none was offered, `refused` when none of the offered ones is spoken here. */
export const chooseSubprotocol = (offered: string | undefined): Subprotocol | undefined | 'refused' => {
  const names = (offered ?? '').split(',').flatMap((name) => name.trim() || [])
  if (names.length === 0) return undefined
  return spoken.find((name) => names.includes(name)) ?? 'refused'
}

export type Subprotocol = typeof SUBPROTOCOL | typeof SUBPROTOCOL_V2

/** The better one first. */
const spoken: readonly Subprotocol[] = [SUBPROTOCOL_V2, SUBPROTOCOL]
