import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  campaignIdSchema,
  intentMessageSchema,
  messageIdSchema,
  type Send,
  sessionIdSchema,
} from '@peyk/contracts'
import { createPublisher, NatsUnavailable, type Publisher } from '@peyk/messaging'

import { silent, startWorld, tenant, type World } from '../testing/world.ts'
import { createIntents } from './intents.ts'

let world: World
let publisher: Publisher
let count = 0

beforeAll(async () => {
  world = await startWorld()
  publisher = createPublisher(world.nats)
})
afterAll(() => world.close())

const newSend = (): Send => ({
  campaignId: campaignIdSchema.parse(1),
  position: (count += 1),
  attempt: 1,
  messageId: messageIdSchema.parse(`3EB0${String(count).padStart(18, '0')}`),
  sessionId: sessionIdSchema.parse('wa_00000000000000000001'),
  at: new Date().toISOString(),
})
const later = (send: Send): Send => ({ ...send, at: new Date(Date.parse(send.at) + 1_000).toISOString() })

const intentsOf = (owner: string, through = publisher) =>
  createIntents({
    nats: world.nats,
    publisher: through,
    owner,
    log: silent,
    signal: new AbortController().signal,
  })

const stored = async (send: Send) =>
  (await world.messages('OUTCOMES', `intents.${tenant}.${send.messageId}`)).map(
    (message) => intentMessageSchema.parse(message.json()).kind,
  )

/** Stores, and loses the answer. */
const losingAnswers = (times: number): Publisher => {
  let left = times
  return {
    ...publisher,
    publish: async (...parameters) => {
      const published = await publisher.publish(...parameters)
      if ((left -= 1) >= 0) throw new NatsUnavailable('answer', 'unknown')
      return published
    },
  }
}

describe('intents', () => {
  test('[L1] of many claims of a message one is stored, whoever asks', async () => {
    const send = newSend()
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        intentsOf(`owner-${n % 4}`).claim(
          tenant,
          later({ ...send, at: new Date(Date.now() + n).toISOString() }),
        ),
      ),
    )
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1)
    expect(await stored(send)).toEqual(['intent'])
  })
  test('[L1] the same process again is refused too', async () => {
    const send = newSend()
    expect(await intentsOf('a').claim(tenant, send)).toBeGreaterThan(0)
    expect(await intentsOf('a').claim(tenant, later(send))).toBeUndefined()
  })
  test('[L1a] a withdrawn message can be claimed again, once', async () => {
    const send = newSend()
    const first = await intentsOf('a').claim(tenant, send)
    await intentsOf('a').withdraw(tenant, send, first!)
    expect(await intentsOf('b').claim(tenant, later(send))).toBeGreaterThan(first!)
    expect(await intentsOf('a').claim(tenant, later(later(send)))).toBeUndefined()
    expect(await stored(send)).toEqual(['intent', 'withdrawn', 'intent'])
  })
  test('[L1] an answer that got lost: the intent is found to be ours', async () => {
    const send = newSend()
    expect(await intentsOf('a', losingAnswers(1)).claim(tenant, send)).toBeGreaterThan(0)
    expect(await stored(send)).toEqual(['intent'])
  })
  test('[L1] an answer that got lost, but the intent there is of another process', async () => {
    const send = newSend()
    await intentsOf('b').claim(tenant, send)
    expect(await intentsOf('a', losingAnswers(0)).claim(tenant, send)).toBeUndefined()
  })
  test('[L1a] a withdrawal whose answer got lost stands once', async () => {
    const send = newSend()
    const sequence = await intentsOf('a').claim(tenant, send)
    await intentsOf('a', losingAnswers(2)).withdraw(tenant, send, sequence!)
    expect(await stored(send)).toEqual(['intent', 'withdrawn'])
  })
})
