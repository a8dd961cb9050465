// "The air is clear": the ledger has passed all that senders said, and no send of the campaign is without its fate (L7).
import { setTimeout as delay } from 'node:timers/promises'

import type { CampaignId } from '@peyk/contracts'
import { type Nats, streamInfo } from '@peyk/messaging'

import type { Ledger } from '../ledger/ledger.ts'

/** A send without an answer frees its place after this (L4): it cannot reach WhatsApp any more. */
const SEND_DEADLINE_MS = 15_000
const POLL_MS = 25

/** To be called after the gate was shut. Throws when the signal aborts first. */
export const airClear = async (
  nats: Nats,
  ledger: Ledger,
  id: CampaignId,
  signal: AbortSignal,
): Promise<void> => {
  const { lastSequence } = await streamInfo(nats, 'OUTCOMES')
  const isClear = () =>
    ledger.recordedTo() >= lastSequence &&
    ledger.openIntents(id).every(({ storedAtMs }) => Date.now() - storedAtMs >= SEND_DEADLINE_MS)
  while (!isClear()) await delay(POLL_MS, undefined, { signal })
  // What closed the last of them may be read and not yet recorded.
  const said = await streamInfo(nats, 'OUTCOMES')
  while (ledger.recordedTo() < said.lastSequence) await delay(POLL_MS, undefined, { signal })
}
