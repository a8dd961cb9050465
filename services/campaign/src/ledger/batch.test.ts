import { describe, expect, test } from '@jest/globals'
import {
  campaignIdSchema,
  type CampaignOutcome,
  type MessageId,
  type RecordedOutcome,
  sessionIdSchema,
  tenantIdSchema,
  totalsOfPending,
} from '@peyk/contracts'
import fc from 'fast-check'

import {
  applyOutcomes,
  expiredIntents,
  type KnownRecipient,
  type LedgerLookup,
  type OpenIntent,
  type OutcomeRecord,
  readBatch,
} from './batch.ts'
import { messageIdOf } from './message-id.ts'

const tenant = tenantIdSchema.parse('acme')
const campaignId = campaignIdSchema.parse(7)
const sessionId = sessionIdSchema.parse(`wa_${'a'.repeat(20)}`)
const runKey = Buffer.alloc(32, 1).toString('base64')
const at = '2024-01-01T10:15:00.000Z'

const send = (position: number, attempt = 1) => ({
  campaignId,
  position,
  attempt,
  messageId: messageIdOf(runKey, position, attempt),
  sessionId,
  at,
})
let sequence = 0
const record = { tenant, storedAtMs: Date.parse(at) }
const intent = (position: number): OutcomeRecord => ({
  ...record,
  sequence: ++sequence,
  subject: 'intent',
  message: { ...send(position), kind: 'intent', owner: 'me' },
})
const withdrawn = (position: number): OutcomeRecord => ({
  ...record,
  sequence: ++sequence,
  subject: 'intent',
  message: { ...send(position), kind: 'withdrawn', owner: 'me', intentSequence: 1 },
})
const outcome = (message: CampaignOutcome): OutcomeRecord => ({
  ...record,
  sequence: ++sequence,
  subject: 'campaign',
  message,
})
const sent = (position: number, attempt = 1) => outcome({ ...send(position, attempt), kind: 'sent' })
const receipt = (state: 'sent' | 'delivered' | 'read' | 'played', ...positions: number[]): OutcomeRecord => ({
  ...record,
  sequence: ++sequence,
  subject: 'session',
  message: {
    kind: 'receipt',
    sessionId,
    at,
    state,
    messageIds: positions.map((position) => send(position).messageId),
  },
})

const lookup = (known: Record<number, KnownRecipient> = {}): LedgerLookup => ({
  recipient: (_id, position) => known[position],
  messages: (id) =>
    Object.entries(known)
      .map(([position, recipient]) => ({ ...recipient, campaignId, position: Number(position) }))
      .find(({ position }) => send(position).messageId === id),
})
const statesOf = (
  records: OutcomeRecord[],
  known: Record<number, KnownRecipient> = {},
  open = new Map<MessageId, OpenIntent>(),
) =>
  Object.fromEntries(
    (readBatch(records, open, lookup(known)).outcomes.get(campaignId) ?? []).map(({ position, state }) => [
      position,
      state,
    ]),
  )

describe('a batch of outcomes', () => {
  test('[L2] the message id is 3EB0 and 18 upper-case hex digits, the same for the same send', () => {
    expect(send(1).messageId).toMatch(/^3EB0[0-9A-F]{18}$/)
    expect(messageIdOf(runKey, 1, 1)).toBe(send(1).messageId)
    expect(new Set([send(1), send(2), send(1, 2)].map(({ messageId }) => messageId)).size).toBe(3)
  })
  test('[G1] each step forward is kept, in order; a step back is not', () => {
    const { outcomes } = readBatch(
      [intent(1), sent(1), receipt('delivered', 1), receipt('sent', 1)],
      new Map(),
      lookup(),
    )
    expect(outcomes.get(campaignId)?.map(({ state }) => state)).toEqual(['sent', 'delivered'])
  })
  test('[G4] a receipt that follows its ack in the same batch is known', () => {
    expect(statesOf([intent(1), sent(1), receipt('delivered', 1), receipt('sent', 1)])).toEqual({
      1: 'delivered',
    })
  })
  test('[G1] what is read again changes nothing', () => {
    expect(statesOf([intent(1), sent(1)], { 1: { state: 'delivered', attempt: 1 } })).toEqual({})
  })
  test('[G1] the next attempt starts anew', () => {
    expect(statesOf([sent(1, 2)], { 1: { state: 'failed', attempt: 1 } })).toEqual({ 1: 'sent' })
  })
  test('[G2] an intent is open until its outcome, its receipt or its withdrawal', () => {
    const open = new Map<MessageId, OpenIntent>()
    readBatch([intent(1), intent(2), intent(3), intent(4)], open, lookup())
    expect([...open.values()].map(({ position }) => position)).toEqual([1, 2, 3, 4])
    readBatch([sent(1), withdrawn(2), receipt('delivered', 3)], open, lookup())
    expect([...open.values()].map(({ position }) => position)).toEqual([4])
  })
  test('[G2] an intent that is read again after its outcome was stored does not open', () => {
    const open = new Map<MessageId, OpenIntent>()
    readBatch([intent(1)], open, lookup({ 1: { state: 'sent', attempt: 1 } }))
    expect(open.size).toBe(0)
  })
  test('[G3] an intent is expired at 60 s, not a millisecond before', () => {
    const open = new Map<MessageId, OpenIntent>()
    readBatch([intent(1)], open, lookup())
    expect(expiredIntents(open.values(), record.storedAtMs + 59_999, 60_000)).toHaveLength(0)
    expect(expiredIntents(open.values(), record.storedAtMs + 60_000, 60_000)).toHaveLength(1)
  })
  test('[G4] a receipt may come before the ack, and names many messages', () => {
    expect(statesOf([intent(1), intent(2), receipt('read', 1, 2), sent(1)])).toEqual({ 1: 'read', 2: 'read' })
  })
  test('[G4] unknown message ids are counted and dropped', () => {
    expect(readBatch([receipt('read', 9)], new Map(), lookup())).toMatchObject({ unknownReceipts: 1 })
  })
  test('[G3] a late receipt repairs an unconfirmed recipient', () => {
    expect(statesOf([receipt('delivered', 1)], { 1: { state: 'unconfirmed', attempt: 1 } })).toEqual({
      1: 'delivered',
    })
  })
  test('[L2] a test send moves no recipient', () => {
    const testId = '3f0f4c3a-5a0e-4b60-9f5e-0c9d7c6b1a11'
    const batch = readBatch([outcome({ ...send(0), testId, kind: 'sent' })], new Map(), lookup())
    expect(batch.outcomes.size).toBe(0)
    expect(batch.tests).toMatchObject([{ testId }])
  })
  test('[G6] totals always are the sum of the recipients, whatever comes in whatever order', () => {
    const anyOutcome = fc.record({
      position: fc.integer({ min: 1, max: 8 }),
      state: fc.constantFrom('sent', 'delivered', 'read', 'failed', 'skipped', 'unconfirmed'),
      attempt: fc.constantFrom(1, 2),
    })
    fc.assert(
      fc.property(fc.array(anyOutcome), (outcomes) => {
        const recipients = new Map<number, KnownRecipient>()
        let totals = totalsOfPending(8)
        for (const each of outcomes as RecordedOutcome[]) {
          const next = applyOutcomes(totals, [{ ...each, at }], (position) => recipients.get(position))
          totals = next.totals
          for (const news of next.outcomes) recipients.set(news.position, news)
        }
        const counted = totalsOfPending(8 - recipients.size)
        for (const { state } of recipients.values()) counted[state] += 1
        expect(totals).toEqual(counted)
      }),
    )
  })
})
