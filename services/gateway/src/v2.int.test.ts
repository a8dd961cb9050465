// campaign-updates.v2: positions, resume, and the close codes of the door.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { CampaignFeed } from '@peyk/client'
import { type CampaignId, natsTopology, subjects, SUBPROTOCOL, SUBPROTOCOL_V2 } from '@peyk/contracts'
import { ensureStreams, purgeSubject } from '@peyk/messaging'
import { eventually } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  samples,
  startGatewayFixture,
  tenant,
  timestamp,
  token,
} from './testing/gateway-fixture.ts'
import { connect, type TestClient, type TestMessage } from './testing/test-client.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway({ environment: { WS_MAX_PER_USER: '50' } })
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

const enter = async (
  id: number,
  resume?: string,
  given?: string,
  protocols = [SUBPROTOCOL_V2, SUBPROTOCOL],
) => {
  const query = new URLSearchParams({ campaignId: String(id), userId: '1', token: given ?? (await token()) })
  if (resume !== undefined) query.set('resume', resume)
  return connect(gateway.port, query.toString(), protocols)
}
const error = (id: CampaignId, text: number) =>
  fixture.publish(id, 'error_update', { error: String(text), timestamp })
const errorsOf = ({ messages }: TestClient) =>
  messages.flatMap(({ type, data }) => (type === 'error_update' ? [Number(data['error'])] : []))
const hello = (client: TestClient) =>
  eventually(() => client.messages.find(({ type }) => type === 'hello'), { what: 'hello' })
const positionOf = ({ epoch, seq, n }: Record<string, unknown>) => [epoch, seq, n].join('.')
const lastPosition = ({ messages }: TestClient): string => {
  const last = messages.findLast(({ n }) => n !== undefined)
  if (last === undefined) throw new Error('no message had a position')
  return positionOf(last)
}
const resumedOf = (client: TestClient): TestMessage['data'] | undefined =>
  client.messages.find(({ type }) => type === 'resumed')?.data

describe('campaign-updates.v2', () => {
  test('[P21] is chosen when offered; hello tells the position, and each message its own', async () => {
    const id = await fixture.campaign()
    await fixture.publish(id, 'campaign_update')
    const client = await enter(id)
    expect(client.socket.protocol).toBe(SUBPROTOCOL_V2)
    expect((await hello(client)).data).toMatchObject({ n: 1, pingIntervalMs: 1_000 })
    const sequence = await error(id, 1)
    await eventually(() => errorsOf(client).length === 1, { what: 'the message' })
    expect(client.messages.map(({ type }) => type)).toEqual(['hello', 'campaign_update', 'error_update'])
    expect(client.messages[1]).toEqual({
      type: 'campaign_update',
      campaignId: id,
      data: samples.campaign_update,
    })
    expect(client.messages[2]).toMatchObject({ seq: sequence, n: 2, campaignId: id })
    expect(Date.parse(String(client.messages[2]?.['at']))).toBeGreaterThan(0)
    client.socket.close()
  })

  test('[P22] a client that comes back gets exactly what it missed, twice in a row', async () => {
    const id = await fixture.campaign()
    let client = await enter(id)
    await hello(client)
    await error(id, 1)
    await eventually(() => errorsOf(client).length === 1, { what: 'the first' })
    const seen = [1]
    for (const missed of [[2, 3, 4], [5]]) {
      const position = lastPosition(client)
      client.socket.close()
      await client.closed
      for (const text of missed) await error(id, text)
      client = await enter(id, position)
      await eventually(() => errorsOf(client).length === missed.length, { what: 'what was missed' })
      expect(resumedOf(client)).toEqual({ recovered: true })
      seen.push(...errorsOf(client))
    }
    expect(seen).toEqual([1, 2, 3, 4, 5])
    client.socket.close()
  })

  test('[P22] nothing newer: recovered, and nothing is shown again', async () => {
    const id = await fixture.campaign()
    await fixture.publish(id, 'campaign_update')
    const first = await enter(id)
    const position = positionOf((await hello(first)).data)
    first.socket.close()
    const second = await enter(id, position)
    await eventually(() => resumedOf(second), { what: 'the answer' })
    await error(id, 1)
    await eventually(() => errorsOf(second).length === 1, { what: 'the live message' })
    expect(second.messages.map(({ type }) => type)).toEqual(['hello', 'resumed', 'error_update'])
    second.socket.close()
  })

  test('[P22] joining while messages flow: many clients resume from different places, no gap and no double', async () => {
    const id = await fixture.campaign()
    const first = await enter(id)
    const total = 300
    let sent = 0
    const flow = (async () => {
      for (; sent < total;) await error(id, (sent += 1))
    })()
    await eventually(() => errorsOf(first).length > 20, { what: 'a beginning' })
    const clients = await Promise.all(
      [3, 5, 9, 15].map(async (index) => {
        const message = first.messages.filter(({ n }) => n !== undefined)[index]
        const client = await enter(id, positionOf(message as never))
        return { client, after: Number(message?.data['error']) }
      }),
    )
    await flow
    for (const { client, after } of clients) {
      await eventually(() => errorsOf(client).at(-1) === total, { what: 'the last message' })
      expect(errorsOf(client)).toEqual(Array.from({ length: total - after }, (_, index) => after + 1 + index))
      expect(resumedOf(client)).toEqual({ recovered: true })
      client.socket.close()
    }
    first.socket.close()
  })

  test.each([
    [
      'what was missed is gone',
      (id: CampaignId) =>
        purgeSubject(fixture.nats, 'LIVE', subjects.live(tenant, id, 'error_update'), { keep: 1 }),
    ],
    [
      'it is too much',
      async (id: CampaignId) => {
        for (let text = 9; text < 1_010; text += 1) await error(id, text)
      },
    ],
  ])('[P23] %s: the newest state, and recovered: false', async (_, spoil) => {
    const id = await fixture.campaign()
    const client = await enter(id)
    await hello(client)
    await error(id, 1)
    await eventually(() => errorsOf(client).length === 1, { what: 'the first' })
    client.socket.close()
    for (const text of [2, 3]) await error(id, text)
    await fixture.publish(id, 'campaign_update')
    await spoil(id)
    const back = await enter(id, lastPosition(client))
    await eventually(() => back.messages.some(({ type }) => type === 'campaign_update'), {
      what: 'the snapshot',
    })
    expect(resumedOf(back)).toEqual({ recovered: false })
    expect(errorsOf(back)).toEqual([])
    back.socket.close()
  })

  test('[P23] a position of another epoch, or one that has not been: recovered: false', async () => {
    const id = await fixture.campaign()
    await fixture.publish(id, 'campaign_update')
    const client = await enter(id)
    const { data } = await hello(client)
    for (const position of ['2020-01-01T00:00:00Z.1.1', positionOf({ ...data, n: 99 })]) {
      const back = await enter(id, position)
      await eventually(() => resumedOf(back), { what: 'the answer' })
      expect(resumedOf(back)).toEqual({ recovered: false })
      back.socket.close()
    }
    client.socket.close()
  })

  test('[P24] the door tells a client of v2 why, by close code', async () => {
    const id = await fixture.campaign()
    const codeOf = async (client: TestClient) => (await client.closed).code
    expect(await codeOf(await enter(id, 'nonsense'))).toBe(4400)
    expect(await codeOf(await enter(id, undefined, 'x.y.z'))).toBe(4401)
    expect(await codeOf(await enter(id, undefined, await token({ sub: '2' })))).toBe(4403)
    expect(await codeOf(await enter(999_999))).toBe(4404)
  })

  test('[P25] it is told a minute before the end of its token', async () => {
    const client = await enter(await fixture.campaign(), undefined, await token({}, '3s'))
    await eventually(() => client.messages.some(({ type }) => type === 'token_expiring'), {
      what: 'the warning',
    })
    expect((await client.closed).code).toBe(4401)
  })

  test('[P22] @peyk/client with resume hears every message once', async () => {
    const campaignId = await fixture.campaign()
    const feed = new CampaignFeed({
      url: `ws://127.0.0.1:${gateway.port}`,
      campaignId,
      userId: 1,
      token: async () => token({}, '2s'),
      reconnectDelayMs: 20,
      resume: true,
    })
    const [heard, resumed, positions]: [number[], boolean[], unknown[]] = [[], [], []]
    feed.on('error_update', (update) => void heard.push(Number(update.error)))
    feed.on('resumed', ({ recovered }) => void resumed.push(recovered))
    feed.on('unknown', (message) => void positions.push(message))
    feed.connect()
    // From the first message that it heard on, a client knows where it stands, and can resume.
    const known = new Promise((resolve) => feed.on('campaign_update', resolve))
    await fixture.publish(campaignId, 'campaign_update')
    await known
    let sent = 0
    while (resumed.length < 2) {
      await error(campaignId, (sent += 1))
      await eventually(() => heard.includes(sent), { what: `message ${sent}` })
    }
    expect(heard).toEqual(Array.from({ length: sent }, (_, index) => index + 1))
    expect(resumed).toEqual([true, true])
    expect(positions).toEqual([])
    feed.close()
  })

  test('[P26] the stream is made anew: 4410 for v2, the newest state for the others', async () => {
    const id = await fixture.campaign()
    await fixture.publish(id, 'campaign_update')
    const [positioned, plain] = [await enter(id), await enter(id, undefined, undefined, [])]
    await hello(positioned)
    await eventually(() => plain.messages.length === 1, { what: 'the snapshot' })
    await fixture.nats.request('$JS.API.STREAM.DELETE.LIVE')
    await ensureStreams(fixture.nats, natsTopology(1), { role: 'owner' })
    expect((await positioned.closed).code).toBe(4410)
    await fixture.publish(id, 'campaign_update', { ...samples.campaign_update, status: 'PAUSED' })
    await eventually(() => plain.messages.at(-1)?.data['status'] === 'PAUSED', { what: 'the new stream' })
    const again = await enter(id)
    expect((await hello(again)).data['epoch']).not.toBe((await hello(positioned)).data['epoch'])
    for (const { socket } of [plain, again]) socket.close()
  })
})
