// What JetStream acknowledged of a campaign, beside what each of its clients got.
import { expect } from '@jest/globals'
import { CampaignFeed } from '@peyk/client'
import type { CampaignId } from '@peyk/contracts'
import { eventually } from '@peyk/testing'

import { type GatewayProcess, type NatsFixture, timestamp, token } from './gateway-fixture.ts'
import { connect } from './test-client.ts'

export interface Flow {
  /** The numbers that JetStream has acknowledged. */
  readonly acknowledged: readonly number[]
  /** When each of them was, by the monotonic clock. */
  readonly acknowledgedAt: ReadonlyMap<number, number>
  stop(): Promise<void>
}

/** Publishes numbered errors until it is stopped. */
export const startFlow = (fixture: NatsFixture, id: CampaignId): Flow => {
  const acknowledged: number[] = []
  const acknowledgedAt = new Map<number, number>()
  let isOn = true
  const ended = (async () => {
    for (let number = 1; isOn; number += 1) {
      await fixture.publish(id, 'error_update', { error: String(number), timestamp })
      acknowledged.push(number)
      acknowledgedAt.set(number, performance.now())
    }
  })()
  const stop = () => ((isOn = false), ended)
  return { acknowledged, acknowledgedAt, stop }
}

export interface Witnesses {
  /** What the owner's client has got: no protocol, no resume, no reconnect. */
  readonly plain: readonly number[]
  /** When it got each of them, by the monotonic clock. */
  readonly plainAt: ReadonlyMap<number, number>
  /** What our client has got, with resume. */
  readonly resumed: readonly number[]
  readonly socket: WebSocket
  close(): void
}

/** A client of each protocol, with the numbers that it has got. */
export const watchCampaign = async (gateway: GatewayProcess, id: CampaignId): Promise<Witnesses> => {
  const { socket } = await connect(gateway.port, `campaignId=${id}&userId=1&token=${await token()}`)
  const plain: number[] = []
  const plainAt = new Map<number, number>()
  socket.addEventListener('message', ({ data }) => {
    if (!String(data).includes('error_update')) return
    const number = Number((JSON.parse(String(data)) as { data: { error: string } }).data.error)
    plain.push(number)
    plainAt.set(number, performance.now())
  })
  const feed = new CampaignFeed({
    url: `ws://127.0.0.1:${gateway.port}`,
    campaignId: id,
    userId: 1,
    token: () => token(),
    reconnectDelayMs: 50,
    resume: true,
  })
  const resumed: number[] = []
  feed.on('error_update', ({ error }) => void resumed.push(Number(error)))
  feed.connect()
  await eventually(() => feed.healthCheck(), { what: 'the connection' })
  const close = () => {
    socket.close()
    feed.close()
  }
  return { plain, plainAt, resumed, socket, close }
}

/**
 * Runs a fault while messages flow, then compares: every client got exactly what was acknowledged, in order, and none
 * was disconnected. Answers the longest time from an acknowledgement to the client.
 */
export const expectNothingLost = async (
  fixture: NatsFixture,
  gateway: GatewayProcess,
  fault: () => Promise<void>,
): Promise<number> => {
  const id = await fixture.campaign()
  const witnesses = await watchCampaign(gateway, id)
  const flow = startFlow(fixture, id)
  await eventually(() => witnesses.plain.length > 20, { what: 'a flow' })
  await fault()
  const before = flow.acknowledged.length
  await eventually(() => flow.acknowledged.length > before + 20, {
    what: 'the flow again',
    deadlineMs: 60_000,
  })
  await flow.stop()
  const last = flow.acknowledged.at(-1)
  for (const numbers of [witnesses.plain, witnesses.resumed]) {
    await eventually(() => numbers.at(-1) === last, { what: `message ${last}`, deadlineMs: 30_000 })
    expect(numbers).toEqual(flow.acknowledged)
  }
  expect(witnesses.socket.readyState).toBe(WebSocket.OPEN)
  witnesses.close()
  const blindness = [...flow.acknowledgedAt].map(
    ([number, at]) => (witnesses.plainAt.get(number) ?? Infinity) - at,
  )
  return Math.max(...blindness)
}
