// Events of a campaign and of a number, for tests.
import {
  campaignIdSchema,
  type CampaignEvent,
  type OutcomeEvent,
  type SessionEvent,
  totalsOfPending,
} from '@peyk/contracts'
import type { RecordedEvent } from '@peyk/event-sourcing'

export const campaignId = campaignIdSchema.parse(7)
export const sessionId = `wa_${'a'.repeat(20)}`
export const otherSession = `wa_${'b'.repeat(20)}`
export const runKey = Buffer.alloc(32, 1).toString('base64')
export const at = (minute: number) => `2024-01-01T10:${String(minute).padStart(2, '0')}:00.000Z`

let position = 0n
export const event = (streamName: string, type: string, data: object, occurredAt = at(0)): RecordedEvent => ({
  id: `00000000-0000-4000-8000-${String(++position).padStart(12, '0')}`,
  type,
  streamName,
  revision: position,
  position,
  data,
  metadata: { tenant: 'acme', occurredAt },
})

export const campaign = (type: CampaignEvent['type'], data: object, occurredAt?: string) =>
  event(`campaign-${campaignId}`, type, data, occurredAt)
export const outcome = (type: OutcomeEvent['type'], data: object, occurredAt?: string) =>
  event(`outcomes-${campaignId}`, type, data, occurredAt)
export const session = (type: SessionEvent['type'], data: object, occurredAt?: string) =>
  event(`session-${sessionId}`, type, data, occurredAt)

/** The new state of the recipient at `place`. */
export const moved = (place: number, state: string, minute: number, reason?: string, attempt = 1) => ({
  position: place,
  state,
  attempt,
  sessionId,
  at: at(minute),
  ...(reason === undefined ? {} : { reason }),
})
export const recorded = (...outcomes: object[]) =>
  outcome('OutcomesRecorded', { epoch: 'e', toSeq: 1, outcomes, totals: totalsOfPending(3) })

export const recipient = (index: number) => ({
  phone: `98912000000${index}`,
  spelling: `0912000000${index}`,
  variables: { name: `Name ${index}` },
})
export const chunk = (number: number | string, firstPosition: number, ...recipients: object[]) =>
  event(`recipients-${campaignId}-${number}`, 'RecipientsChunkStored', {
    importId: 'i',
    chunk: typeof number === 'number' ? number : 0,
    firstPosition,
    recipients,
  })
export const imported = (mode: 'replace' | 'append', first: number, last: number, total: number) =>
  campaign('RecipientsImported', {
    importId: 'i',
    mode,
    chunks: { first, last },
    accepted: 1,
    rejected: 0,
    duplicates: 0,
    total,
    variables: ['name'],
  })

export const created = campaign(
  'CampaignCreated',
  { campaignId, tenant: 'acme', ownerId: '1', title: 'T', message: 'M' },
  at(1),
)
export const started = (total = 3) =>
  campaign('CampaignStarted', { runKey, epoch: 'e', total, attempt: 1, notBefore: at(2) }, at(2))
/** A campaign of three that runs. */
export const running = () => [
  created,
  chunk(0, 1, recipient(1), recipient(2), recipient(3)),
  imported('replace', 0, 0, 3),
  started(),
]
export const linkRequested = (owner = '1') =>
  session('LinkRequested', { sessionId, tenant: 'acme', ownerId: owner, method: 'qr' }, at(1))
