// What the sessions said of a campaign's sends, as far as OUTCOMES keeps it: outcomes, and receipts by their message id.
import {
  type CampaignId,
  campaignOutcomeSchema,
  type Epoch,
  intentMessageSchema,
  sessionOutcomeSchema,
  type TenantId,
} from '@peyk/contracts'
import { type Nats, readMessages, streamEpoch, streamInfo } from '@peyk/messaging'

import type { Ack } from './compare.ts'

interface Acks {
  readonly acks: readonly Ack[]
  /** OUTCOMES holds its first message, and is the stream of all of these epochs. */
  readonly areAcksWhole: boolean
}

const STREAM = 'OUTCOMES'
const receiptStates = { sent: 'sent', delivered: 'delivered', read: 'read', played: 'read' } as const

export const readAcks = async (
  nats: Nats,
  tenant: TenantId,
  id: CampaignId,
  epochs: readonly Epoch[],
): Promise<Acks> => {
  const sends = new Map<string, Pick<Ack, 'position' | 'attempt'>>()
  const acks: Ack[] = []
  const read = (filter: string, take: (body: unknown) => void) =>
    readMessages(nats, { stream: STREAM, filter, onMessage: (message) => take(message.json()) })

  await read(`intents.${tenant}.*`, (body) => {
    const { campaignId, messageId, position, attempt, testId } = intentMessageSchema.parse(body)
    if (campaignId === id && testId === undefined) sends.set(messageId, { position, attempt })
  })
  await read(`outcomes.${tenant}.campaign.${id}.*`, (body) => {
    const { kind, messageId, position, attempt, testId } = campaignOutcomeSchema.parse(body)
    if (testId !== undefined) return
    sends.set(messageId, { position, attempt })
    acks.push({ position, attempt, state: kind })
  })
  await read(`outcomes.${tenant}.session.*.receipt`, (body) => {
    const receipt = sessionOutcomeSchema.parse(body)
    if (receipt.kind !== 'receipt') return
    for (const messageId of receipt.messageIds) {
      const send = sends.get(messageId)
      if (send !== undefined) acks.push({ ...send, state: receiptStates[receipt.state] })
    }
  })
  const [{ firstSequence }, epoch] = [await streamInfo(nats, STREAM), await streamEpoch(nats, STREAM)]
  return { acks, areAcksWhole: firstSequence <= 1 && epochs.every((each) => each === epoch) }
}
