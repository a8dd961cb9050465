// What was taken back: tokens, users, a user's access to one campaign. Known to the door, and told to who is inside.
import { createHash } from 'node:crypto'

import { type CampaignId, keys, type Principal } from '@peyk/contracts'
import { type Log, type Nats, openBucket } from '@peyk/messaging'

export interface Holder {
  readonly principal: Principal
  readonly campaignId: CampaignId
  /** SHA-256 (hex); undefined for a local user without a token. */
  readonly tokenId: string | undefined
}

export interface Revocations {
  isRevoked(holder: Holder): boolean
  /** Resolves when all that was taken back before is known. */
  readonly caughtUp: Promise<void>
  readonly ended: Promise<void>
}

export interface RevocationsOptions {
  readonly nats: Nats
  readonly log: Log
  readonly signal: AbortSignal
  /** Called after each one, with who is concerned. */
  readonly onRevoked: (isConcerned: (holder: Holder) => boolean) => void
}

export const watchRevocations = ({ nats, log, signal, onRevoked }: RevocationsOptions): Revocations => {
  const revoked = new Set<string>()
  const isRevoked = (holder: Holder) => keysOf(holder).some((key) => revoked.has(key))
  const feed = openBucket(nats, 'revocations', { log }).watch({
    onChange: ({ key, value }) => {
      if (value === undefined) {
        revoked.delete(key)
        return
      }
      revoked.add(key)
      onRevoked((holder) => keysOf(holder).includes(key))
    },
    // What an earlier bucket took back stays so: it is the safe side, and lasts until the next start.
    onEpochChange: () => log.warn({}, 'the revocations were made anew'),
    signal,
    log,
  })
  return { isRevoked, caughtUp: feed.caughtUp, ended: feed.ended }
}

const keysOf = ({ principal, campaignId, tokenId }: Holder): string[] => {
  const user = createHash('sha256').update(principal.userId).digest('hex')
  return [
    ...(tokenId === undefined ? [] : [keys.revokedToken(tokenId)]),
    keys.revokedUser(principal.tenant, user),
    keys.revokedAccess(campaignId, user),
  ]
}
