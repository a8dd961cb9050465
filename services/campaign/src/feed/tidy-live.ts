// LIVE keeps no history: a day after a subject's last message only the newest state is left of it (architecture.md, 5).
import { type CampaignId, type LiveMessageType, parseLiveSubject } from '@peyk/contracts'
import { lastMessageOf, type Nats, purgeSubject, readSubjects, type StoredMessage } from '@peyk/messaging'

export interface TidyOptions {
  readonly nats: Nats
  /** Publishes the campaign's newest state. */
  readonly refresh: (id: CampaignId) => Promise<void>
}

const QUIET_MS = 24 * 3_600_000
/** They tell of a moment, and name numbers: nothing of them stays. */
const passing: readonly LiveMessageType[] = ['progress_update', 'error_update']

/** Returns how many messages went. */
export const tidyLive = async ({ nats, refresh }: TidyOptions, nowMs: number): Promise<number> => {
  const refreshed = new Set<CampaignId>()
  let purged = 0
  for (const [subject, messages] of await readSubjects(nats, 'LIVE')) {
    const named = parseLiveSubject(subject)
    const keeps = named !== undefined && !passing.includes(named.type)
    if (named === undefined || (keeps && messages <= 1)) continue
    const last = await lastMessageOf(nats, 'LIVE', subject)
    if (last === undefined || nowMs - last.storedAt.getTime() < QUIET_MS) continue
    // A campaign's count never goes back: a later message holds it before the one with the highest goes.
    if (!keeps && !refreshed.has(named.campaignId)) await refresh(named.campaignId)
    if (!keeps) refreshed.add(named.campaignId)
    purged += await purge(nats, last, keeps)
  }
  return purged
}

const purge = (nats: Nats, { subject, sequence }: StoredMessage, keepsLast: boolean): Promise<number> =>
  purgeSubject(nats, 'LIVE', subject, keepsLast ? { keep: 1 } : { throughSequence: sequence })
