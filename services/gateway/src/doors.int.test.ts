// Who is let in, by what, and for how long.
import { createHash, generateKeyPairSync } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CampaignId, keys, wsTicketReplySchema } from '@peyk/contracts'
import { openBucket } from '@peyk/messaging'
import { eventually } from '@peyk/testing'
import { SignJWT } from 'jose'

import {
  type Claims,
  type GatewayFixture,
  type GatewayProcess,
  startGatewayFixture,
  tenant,
  token as plainToken,
} from './testing/gateway-fixture.ts'
import { dialRaw, firstAnswer, upgradeRequest } from './testing/raw-client.ts'
import { connect as connectTo, refusal as refusalOf } from './testing/test-client.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess
const ALLOWED = 'https://panel.example'
const environment = { ALLOWED_ORIGINS: ALLOWED, JWT_AUDIENCE: 'peyk' }

beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway({ environment })
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

const token = (claims: Claims = {}, ends?: string) => plainToken({ aud: 'peyk', ...claims }, ends)
const pathOf = (id: number, given: string, userId = '1') =>
  `/ws/campaigns?campaignId=${id}&userId=${userId}&token=${given}`
const enter = (id: CampaignId, given: string, userId = '1') =>
  connectTo(gateway.port, pathOf(id, given, userId).split('?')[1] ?? '')
const refusal = (path: string, headers?: Record<string, string>) => refusalOf(gateway.port, path, headers)

const ask = async (campaignId: unknown, bearer?: string, port = gateway.port) =>
  fetch(`http://127.0.0.1:${port}/api/ws-tickets`, {
    method: 'POST',
    body: JSON.stringify({ campaignId }),
    headers: {
      'content-type': 'application/json',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
  })
const ticketFor = async (campaignId: CampaignId, bearer: string) =>
  wsTicketReplySchema.parse(await (await ask(campaignId, bearer)).json())

describe('tickets', () => {
  test('[P18] a ticket opens the feed of its campaign once', async () => {
    const id = await fixture.campaign()
    await fixture.publish(id, 'campaign_update')
    const { ticket, expiresAt } = await ticketFor(id, await token())
    expect(ticket).toMatch(/^[\w-]{22}$/)
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 60_000)
    const client = await enter(id, ticket)
    await eventually(() => client.messages.length === 1, { what: 'the snapshot' })
    expect(await refusal(pathOf(id, ticket))).toEqual({ status: 401, code: 'unauthorized' })
    client.socket.close()
  })
  test('[P18] of many that use it at once one gets in', async () => {
    const id = await fixture.campaign()
    const { ticket } = await ticketFor(id, await token())
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => enter(id, ticket)))
    const inside = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(inside).toHaveLength(1)
    inside[0]?.socket.close()
  })
  test('[P18] it is of one user and one campaign, and is used up by a wrong one', async () => {
    const [id, other] = [await fixture.campaign(), await fixture.campaign()]
    const first = await ticketFor(id, await token())
    expect((await refusal(pathOf(other, first.ticket))).status).toBe(401)
    expect((await refusal(pathOf(id, first.ticket))).status).toBe(401)
    const second = await ticketFor(id, await token())
    expect((await refusal(pathOf(id, second.ticket, '2'))).status).toBe(403)
  })
  test('[P18] it ends with the token that it was got with', async () => {
    const id = await fixture.campaign()
    const { ticket, expiresAt } = await ticketFor(id, await token({}, '3s'))
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 3_000)
    expect((await (await enter(id, ticket)).closed).code).toBe(4401)
  })
  test('[P18] NATS keeps the hash, not the ticket', async () => {
    const id = await fixture.campaign()
    const { ticket } = await ticketFor(id, await token())
    const stored = await openBucket(fixture.nats, 'ws_tickets').keys()
    expect(stored).toContain(createHash('sha256').update(ticket).digest('hex'))
    expect(stored).not.toContain(ticket)
  })
  test('[P18] none for who may not see the campaign, has no token, or names none', async () => {
    const id = await fixture.campaign()
    const codeOf = async (answer: Response) => [
      answer.status,
      ((await answer.json()) as { code: string }).code,
    ]
    expect(await codeOf(await ask(id))).toEqual([401, 'unauthorized'])
    expect(await codeOf(await ask(id, await token({ sub: '2' })))).toEqual([404, 'campaign_not_found'])
    expect(await codeOf(await ask(id, await token({ tenant: 'globex', roles: ['admin'] })))).toEqual([
      404,
      'campaign_not_found',
    ])
    expect(await codeOf(await ask(999_999, await token()))).toEqual([404, 'campaign_not_found'])
    expect(await codeOf(await ask('1', await token()))).toEqual([400, 'invalid_request'])
  })
})

describe('what was taken back', () => {
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
  const revoke = (key: string) => openBucket(fixture.nats, 'revocations').put(key, {})

  test('[P19] a token: who came in by it is closed with 4403, and it opens nothing more', async () => {
    const id = await fixture.campaign()
    const [bad, good] = [await token({ jti: 'stolen' }), await token({ jti: 'mine' })]
    const { ticket } = await ticketFor(id, bad)
    const [victim, other] = [await enter(id, bad), await enter(id, good)]
    await revoke(keys.revokedToken(hashOf('stolen')))
    expect((await victim.closed).code).toBe(4403)
    expect((await refusal(pathOf(id, bad))).status).toBe(404)
    expect((await refusal(pathOf(id, ticket))).status).toBe(404)
    expect((await ask(id, bad)).status).toBe(404)
    expect(other.socket.readyState).toBe(WebSocket.OPEN)
    other.socket.close()
  })
  test("[P19] a user, or a user's access to one campaign, until the entry is deleted", async () => {
    const [id, second] = [await fixture.campaign('7'), await fixture.campaign('7')]
    const bearer = await token({ sub: '7' })
    const [one, two] = [await enter(id, bearer, '7'), await enter(second, bearer, '7')]
    await revoke(keys.revokedAccess(id, hashOf('7')))
    expect(JSON.parse((await one.closed).reason)).toEqual({ c: 'revoked' })
    expect(two.socket.readyState).toBe(WebSocket.OPEN)
    await revoke(keys.revokedUser(tenant, hashOf('7')))
    expect((await two.closed).code).toBe(4403)
    expect((await refusal(pathOf(second, bearer, '7'))).status).toBe(404)
    await openBucket(fixture.nats, 'revocations').delete(keys.revokedUser(tenant, hashOf('7')))
    const back = await eventually(() => enter(second, bearer, '7'), { what: 'the access again' })
    back.socket.close()
  })
  test('[P19] what was taken back before a start is known from the first request on', async () => {
    const id = await fixture.campaign()
    await revoke(keys.revokedAccess(id, hashOf('1')))
    const later = await fixture.startGateway({ environment })
    expect((await refusalOf(later.port, pathOf(id, await token()))).status).toBe(404)
  })
})

describe('origins', () => {
  test('[P20] our own, a listed one and none are let in; every other is refused', async () => {
    const id = await fixture.campaign()
    const path = pathOf(id, await token())
    const answer = async (headers: Record<string, string>) =>
      refusal(path, headers).then(
        ({ status }) => status,
        (error: unknown) => (error instanceof Error ? error.message : error),
      )
    const inside = 'it was let in'
    expect(await answer({})).toBe(inside)
    expect(await answer({ origin: ALLOWED })).toBe(inside)
    expect(
      await answer({ origin: `http://127.0.0.1:${gateway.port}`, host: `127.0.0.1:${gateway.port}` }),
    ).toBe(inside)
    for (const origin of ['null', 'https://panel.example.evil.com', 'http://panel.example', 'file://', 'x'])
      expect(await answer({ origin })).toBe(403)
  })
})

describe('[P5] of several faults the first in the order is told', () => {
  const good = { host: '127.0.0.1' }
  const evil = { ...good, origin: 'https://evil.example' }
  const strange = { 'sec-websocket-protocol': 'strange' }
  test.each([
    ['the path before the origin', '/ws/others?x', evil, 404],
    ['the origin before the parameters', '/ws/campaigns', evil, 403],
    ['the parameters before the token', '/ws/campaigns?campaignId=1&token=x', good, 400],
    ['the subprotocol before the token', '/ws/campaigns?campaignId=1&userId=1&token=x', strange, 400],
    ['the token before the campaign', '/ws/campaigns?campaignId=999999&userId=1&token=x', good, 401],
  ])('%s', async (_, path, headers, status) => {
    expect((await refusal(path, headers)).status).toBe(status)
  })
  test('the user before the campaign', async () => {
    expect((await refusal(pathOf(999_999, await token(), '2'))).status).toBe(403)
  })
})

describe('bad tokens', () => {
  const secret = new TextEncoder().encode('another secret of more than thirty-two bytes')
  const sign = (claims: object, key: Parameters<SignJWT['sign']>[0] = secret, alg = 'HS256') =>
    new SignJWT({ tenant: 'acme', roles: ['member'], aud: 'peyk', ...claims })
      .setProtectedHeader({ alg })
      .setSubject('1')
      .setExpirationTime('10m')
      .sign(key)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const cases: readonly (readonly [string, () => string | Promise<string>])[] = [
    ['empty', () => ''],
    ['garbage', () => 'garbage'],
    ['three parts of garbage', () => 'a.b.c'],
    ['like a ticket', () => 'A'.repeat(22)],
    ['alg none', () => `${part({ alg: 'none' })}.${part({ sub: '1', tenant: 'acme', aud: 'peyk' })}.`],
    ['another key', () => sign({})],
    [
      'RS256 where HS256 is spoken',
      () => sign({}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'RS256'),
    ],
    ['expired', () => token({}, '-1s')],
    ['not yet valid', () => token({ nbf: Math.floor(Date.now() / 1_000) + 600 })],
    ['another audience', () => token({ aud: 'others' })],
    ['no tenant', () => token({ tenant: undefined } as never)],
    ['a tenant that is a wildcard', () => token({ tenant: '>' })],
    ['longer than any token', () => token({ padding: 'x'.repeat(10_000) })],
  ]
  test('[P4] none, or another user than the one of the address: 401, 403', async () => {
    const id = await fixture.campaign()
    expect((await refusal(`/ws/campaigns?campaignId=${id}&userId=1`)).status).toBe(401)
    expect((await refusal(pathOf(id, await token({ sub: '2' })))).status).toBe(403)
  })
  test('[P4] one of 20 KB does not fit into a request: 413', async () => {
    const socket = dialRaw(gateway.port)
    socket.write(upgradeRequest(pathOf(1, 'x'.repeat(20_000))))
    expect(await firstAnswer(socket)).toMatch(/^HTTP\/1.1 413 /)
    socket.destroy()
  })
  test('[P4] the public key of RS256, used as the secret of HS256: 401', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const other = await fixture.startGateway({
      environment: { JWT_SECRET: '', JWT_PUBLIC_KEY: pem, JWT_AUDIENCE: 'peyk' },
    })
    const id = await fixture.campaign()
    const forged = await sign({}, new TextEncoder().encode(pem))
    expect((await refusalOf(other.port, pathOf(id, forged))).status).toBe(401)
    const query = pathOf(id, await sign({}, privateKey, 'RS256')).split('?')[1] ?? ''
    ;(await connectTo(other.port, query)).socket.close()
    await other.end()
  })
  test.each(cases)('[P4] %s: 401 before the 101', async (_, make) => {
    const id = await fixture.campaign()
    expect((await refusal(pathOf(id, await make()))).status).toBe(401)
  })
})
