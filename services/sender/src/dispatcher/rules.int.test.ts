// The rules of a send over the wire: real Baileys, the WhatsApp test server and a real nats-server.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import {
  type CampaignOutcome,
  characterCount,
  intentMessageSchema,
  MAX_MESSAGE_CHARACTERS,
  renderMessage,
  type SessionId,
  sessionOutcomeSchema,
} from '@peyk/contracts'
import { eventually } from '@peyk/testing'
import {
  type ControlClient,
  controlClient,
  startWhatsAppServer,
  type WhatsAppServer,
} from '@peyk/whatsapp-testserver'

import { baileysChannel } from '../channel/baileys/baileys-channel.ts'
import { IMPATIENT } from '../channel/baileys/wire-world.ts'
import { phoneOf, startRun, type TestRun } from '../testing/campaign-side.ts'
import { linkNumber, range } from '../testing/installation.ts'
import { startWorld, tenant, type World } from '../testing/world.ts'

let world: World
let whatsapp: WhatsAppServer
let control: ControlClient
let sender: { stop(): Promise<void> }
let own: string
let sessionId: SessionId

beforeAll(async () => {
  ;[world, whatsapp] = await Promise.all([
    startWorld(),
    startWhatsAppServer({ fast: true, autoScan: false, receipts: { readShare: 0 } }),
  ])
  control = controlClient(whatsapp.controlUrl)
  const { url, rootCa } = whatsapp
  sender = await world.startDispatchingSender(baileysChannel({ url, rootCa, ...IMPATIENT }))
  ;({ sessionId, own } = await linkNumber(world, control))
}, 60_000)
afterEach(() => control.clearFaults())
afterAll(async () => {
  await sender.stop()
  await whatsapp.stop()
  await world.close()
})

const untilOutcomes = (run: TestRun, count: number) =>
  eventually(
    async () => {
      const outcomes = await run.outcomes()
      return outcomes.length >= count ? byPosition(outcomes) : undefined
    },
    { deadlineMs: 30_000, what: `${count} outcomes` },
  )
const byPosition = (outcomes: readonly CampaignOutcome[]) =>
  outcomes.toSorted((a, b) => a.position - b.position)

const receivedAt = async (position: number) => control.messages(phoneOf(position))
const intentsOf = async (run: TestRun, position: number) =>
  (await world.messages('OUTCOMES', `intents.${tenant}.${run.messageIdOf(position)}`)).map((message) =>
    intentMessageSchema.parse(message.json()),
  )
const receiptsOf = async (messageId: string) =>
  (await world.messages('OUTCOMES', `outcomes.${tenant}.session.${sessionId}.receipt`))
    .map((message) => sessionOutcomeSchema.parse(message.json()))
    .flatMap((outcome) =>
      outcome.kind === 'receipt' && outcome.messageIds.includes(messageId as never) ? [outcome.state] : [],
    )

describe('a send', () => {
  test('[L1] has its intent before the message is out, and is sent once however often its job comes', async () => {
    const run = await startRun(world, sessionId)
    for (const name of ['first', 'second', 'third']) await run.publish([1, 2, 3], name)
    await untilOutcomes(run, 3)
    await eventually(async () => (await run.backlog()) === 0)
    for (const position of [1, 2, 3]) {
      expect(await receivedAt(position)).toMatchObject([{ text: `سلام نام ${position}`, count: 1 }])
      expect(await intentsOf(run, position)).toMatchObject([{ kind: 'intent', sessionId, position }])
    }
    expect(await run.outcomes()).toHaveLength(3)
  })

  test('[L1] is not made when another process has its intent', async () => {
    const run = await startRun(world, sessionId)
    await run.claimAsAnother(11)
    await run.publish([11, 12])
    await untilOutcomes(run, 1)
    await eventually(async () => (await run.backlog()) === 0)
    expect(await receivedAt(11)).toEqual([])
    expect(await run.unresolved()).toEqual([11])
  })

  test('[L2] carries the message id of its job', async () => {
    const run = await startRun(world, sessionId)
    await run.publish([21])
    await untilOutcomes(run, 1)
    expect((await receivedAt(21)).map(({ id }) => id)).toEqual([run.messageIdOf(21)])
  })

  test('[L1a] [L4] that cannot be handed over in time is withdrawn, its socket ends, and it goes over the next one', async () => {
    const run = await startRun(world, sessionId)
    const logins = (await control.sockets(own)).logins
    await control.fault({ type: 'silence', what: 'usync' })
    await run.publish([31])
    await eventually(async () => (await intentsOf(run, 31)).some(({ kind }) => kind === 'withdrawn'))
    await control.clearFaults()
    expect(await untilOutcomes(run, 1)).toMatchObject([{ kind: 'sent', position: 31 }])
    expect((await receivedAt(31)).map(({ count }) => count)).toEqual([1])
    expect((await control.sockets(own)).logins).toBeGreaterThan(logins)
    const kinds = (await intentsOf(run, 31)).map(({ kind }) => kind)
    expect(kinds.slice(-3)).toEqual(['intent', 'withdrawn', 'intent'])
  }, 60_000)

  test('[L3] without an ack is not told and not repeated; the next ones go on', async () => {
    const run = await startRun(world, sessionId)
    await control.fault({ type: 'dropAck', to: phoneOf(42) })
    await control.fault({ type: 'noReceipts', to: phoneOf(42) })
    await run.publish(range(41, 44))
    const outcomes = await untilOutcomes(run, 3)
    expect(outcomes.map(({ position }) => position)).toEqual([41, 43, 44])
    await eventually(async () => (await run.backlog()) === 0)
    expect(await run.unresolved()).toEqual([42])
    expect((await receivedAt(42)).map(({ count }) => count)).toEqual([1])
  }, 60_000)

  test('[L3] [L5] whose ack was lost is told by its receipt, with message id and session', async () => {
    const run = await startRun(world, sessionId)
    await control.fault({ type: 'dropAck', to: phoneOf(51) })
    await control.fault({ type: 'noReceipts', to: phoneOf(51) })
    await run.publish([51])
    await eventually(async () => (await run.backlog()) === 0)
    const messageIds = [run.messageIdOf(51)]
    for (const type of ['read', 'delivered'] as const)
      await control.receipts({ number: own, from: phoneOf(51), type, messageIds })
    await eventually(async () => (await receiptsOf(run.messageIdOf(51))).length === 2)
    expect(await receiptsOf(run.messageIdOf(51))).toEqual(['read', 'delivered'])
    expect(await run.outcomes()).toEqual([])
  }, 60_000)

  test('[L4] waits for the answer to the one before', async () => {
    const run = await startRun(world, sessionId)
    await control.fault({ type: 'delayAck', ms: 300 })
    await control.fault({ type: 'noReceipts' })
    const other = await startRun(world, sessionId)
    await run.publish([61, 62])
    await other.publish([63, 64])
    await Promise.all([untilOutcomes(run, 2), untilOutcomes(other, 2)])
    const arrivals = (await Promise.all([61, 62, 63, 64].map(receivedAt))).map(([message]) =>
      Date.parse(String(message?.firstAt)),
    )
    const gaps = arrivals
      .toSorted((a, b) => a - b)
      .map((at, index, all) => at - (all[index - 1] ?? -Infinity))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(299)
  }, 60_000)

  test('[L6] that WhatsApp refuses is told with its reason', async () => {
    const run = await startRun(world, sessionId)
    await control.fault({ type: 'notOnWhatsApp', numbers: [phoneOf(71)] })
    await control.fault({ type: 'nack', code: 463, to: phoneOf(72) })
    await control.fault({ type: 'nack', code: 479, to: phoneOf(73) })
    await run.publish(range(71, 74))
    expect(await untilOutcomes(run, 4)).toMatchObject([
      { kind: 'skipped', reason: 'not_on_whatsapp' },
      { kind: 'failed', reason: 'reach_out_locked', code: '463' },
      { kind: 'failed', reason: 'rejected', code: '479' },
      { kind: 'sent' },
    ])
  })

  test('[L7] [D2] a shut gate holds its own campaign, no test send and no other campaign', async () => {
    const paused = await startRun(world, sessionId, { gate: 'shut' })
    const other = await startRun(world, sessionId)
    await paused.publish(range(81, 90))
    await other.publish(range(91, 95))
    await paused.publishTest('6f1c2f3e-8c4b-4b0e-9d3c-2f0e6a1b7c55')
    await untilOutcomes(other, 5)
    expect(await untilOutcomes(paused, 1)).toMatchObject([{ kind: 'sent', position: 0 }])
    await paused.put({ gate: 'open' })
    await untilOutcomes(paused, 11)
    const counts = (await Promise.all(range(81, 90).map(receivedAt))).map((messages) => messages[0]?.count)
    expect(counts).toEqual(range(81, 90).map(() => 1))
  })
})

describe('the text that a recipient gets is the one that the preview shows', () => {
  let last = 100
  const longest = '😀سa‌'.repeat(1_024)
  test.each([
    ['variables and defaults', '{{name}}، {{ City }} {{title|آقا/خانم}} {نام}', 'سارا، شیراز آقا/خانم سارا'],
    ['a value that looks like a variable', '{{trick}} {{name}}', '{{name}} سارا'],
    ['emoji of several code points', '👨‍👩‍👧‍👦 {{name}} 🇮🇷 👍🏽 ❤️', '👨‍👩‍👧‍👦 سارا 🇮🇷 👍🏽 ❤️'],
    [
      'right to left, half-spaces and marks',
      '\u200fمی‌خواهم {{name}} ۱۲۳ — abc\u200e',
      '\u200fمی‌خواهم سارا ۱۲۳ — abc\u200e',
    ],
    ['lines, blanks and markup', ' *{{name}}*\n\n\t_a_  ~b~ ```c``` ', ' *سارا*\n\n\t_a_  ~b~ ```c``` '],
    ['a link', 'https://example.com/?q={{name}}&x=1', 'https://example.com/?q=سارا&x=1'],
    ['4,096 characters', longest, longest],
  ])('%s', async (_what, message, expected) => {
    const position = (last += 1)
    const variables = { name: 'سارا', city: 'شیراز', trick: '{{name}}' }
    const run = await startRun(world, sessionId, { message }, { variables })
    await run.publish([position])
    await untilOutcomes(run, 1)
    expect(await receivedAt(position)).toMatchObject([{ text: expected, count: 1 }])
    expect(renderMessage(message, variables)).toEqual({ outcome: 'rendered', text: expected })
    expect(characterCount(expected)).toBeLessThanOrEqual(MAX_MESSAGE_CHARACTERS)
  })
})
