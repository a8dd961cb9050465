import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { campaignIdSchema, type SessionId, sessionOutcomeSchema } from '@peyk/contracts'
import { eventually } from '@peyk/testing'

import { FakeWhatsApp } from '../channel/fake-channel.ts'
import { phoneOf, startRun } from '../testing/campaign-side.ts'
import { newSessionId, startWorld, tenant, type World } from '../testing/world.ts'

let world: World
const stops: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  world = await startWorld()
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await world.forgetWishes()
})
afterAll(() => world.close())

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

let numbers = 0
/** A sender with one linked number. */
const startLinked = async (whatsapp: FakeWhatsApp, limits?: 'moderate') => {
  const sender = await world.startDispatchingSender(whatsapp, limits)
  stops.push(sender.stop)
  const sessionId = newSessionId()
  await link(whatsapp, sessionId)
  return { sender, sessionId }
}
const link = async (whatsapp: FakeWhatsApp, sessionId: SessionId) => {
  const told = async (kind: string) =>
    (await world.messages('OUTCOMES', `outcomes.${tenant}.session.${sessionId}.${kind}`)).length > 0
  await world.want(sessionId, { qrFor: [campaignIdSchema.parse(1)] })
  await eventually(() => told('scan_qr'))
  await whatsapp.scan(String(989_120_000_000 + (numbers += 1)))
  await eventually(() => told('ready'))
}

const positions = (whatsapp: FakeWhatsApp) =>
  whatsapp.messages.map(({ to }) => Number(to) - Number(phoneOf(0)))

describe('a run', () => {
  test('[L7] nothing is sent while the gate is shut, exactly the rest when it opens again', async () => {
    const whatsapp = new FakeWhatsApp()
    const { sessionId } = await startLinked(whatsapp)
    const run = await startRun(world, sessionId)
    await run.publish(range(1, 60))
    await eventually(() => whatsapp.messages.length >= 10)
    await run.put({ gate: 'shut' })
    await eventually(async () => (await run.unresolved()).length === 0)
    const atPause = whatsapp.messages.length
    await run.publishTest('6f1c2f3e-8c4b-4b0e-9d3c-2f0e6a1b7c55')
    await eventually(() => whatsapp.messages.length === atPause + 1)
    expect(whatsapp.messages.at(-1)?.to).toBe(phoneOf(0))
    await run.put()
    await eventually(async () => (await run.outcomes()).length === 61)
    expect([...new Set(positions(whatsapp))].toSorted((a, b) => a - b)).toEqual(range(0, 60))
    expect(whatsapp.messages).toHaveLength(61)
  })

  test('[L7] begins when its time comes', async () => {
    const whatsapp = new FakeWhatsApp()
    const { sessionId } = await startLinked(whatsapp)
    const notBefore = new Date(Date.now() + 1_500)
    const run = await startRun(world, sessionId, { notBefore: notBefore.toISOString() })
    await run.publish([1])
    const [outcome] = await eventually(async () => {
      const outcomes = await run.outcomes()
      return outcomes.length > 0 ? outcomes : undefined
    })
    expect(Date.parse(outcome!.at)).toBeGreaterThanOrEqual(notBefore.getTime())
  })

  test('[D2] two campaigns share a number, and neither waits for the other', async () => {
    const whatsapp = new FakeWhatsApp()
    const { sessionId } = await startLinked(whatsapp)
    const slow = await startRun(world, sessionId, { intervalMs: 60_000 })
    const quick = await startRun(world, sessionId)
    await slow.publish(range(1, 5))
    await quick.publish(range(1, 20))
    await eventually(async () => (await quick.outcomes()).length === 20)
    expect((await slow.outcomes()).length).toBe(1)
  })

  test('[P8] 429: the number rests, and says so', async () => {
    const whatsapp = new FakeWhatsApp()
    const { sessionId } = await startLinked(whatsapp)
    whatsapp.answer(() => ({ outcome: 'failed', reason: 'rate_limited' }))
    const run = await startRun(world, sessionId)
    await run.publish(range(1, 5))
    await eventually(async () => {
      const told = await world.messages('OUTCOMES', `outcomes.${tenant}.session.${sessionId}.resting`)
      return told.length === 1 && sessionOutcomeSchema.parse(told[0]!.json()).kind === 'resting'
    })
    expect(await run.outcomes()).toMatchObject([{ kind: 'failed', reason: 'rejected', code: '429' }])
  })

  test('[P4] [P10] caps hold over a takeover', async () => {
    const whatsapp = new FakeWhatsApp()
    const { sender, sessionId } = await startLinked(whatsapp, 'moderate')
    const run = await startRun(world, sessionId)
    await run.publish(range(1, 30))
    await eventually(() => whatsapp.messages.length === 10)
    await sender.stop()
    const next = await world.startDispatchingSender(whatsapp, 'moderate')
    stops.push(next.stop)
    await eventually(async () => {
      const told = await world.messages('OUTCOMES', `outcomes.${tenant}.session.${sessionId}.ready`)
      return told.length === 2
    })
    await expect(eventually(() => whatsapp.messages.length > 10, { deadlineMs: 1_000 })).rejects.toThrow()
  })

  test('[L1a] a socket that ends before the hand-over: the job comes again and is sent once', async () => {
    const whatsapp = new FakeWhatsApp()
    const { sessionId } = await startLinked(whatsapp)
    let failures = 3
    whatsapp.answer(() =>
      (failures -= 1) >= 0 ? { outcome: 'not_handed_over', reason: 'connection_closed' } : undefined,
    )
    const run = await startRun(world, sessionId)
    await run.publish(range(1, 6))
    await eventually(async () => (await run.outcomes()).length === 6, { deadlineMs: 20_000 })
    expect(await run.unresolved()).toEqual([])
  })
})
