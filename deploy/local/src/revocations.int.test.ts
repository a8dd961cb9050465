// The command as a process, beside a gateway whose clients it throws out.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@peyk/testing'

import {
  type GatewayFixture,
  type GatewayProcess,
  startGatewayFixture,
  token,
} from '../../../services/gateway/src/testing/gateway-fixture.ts'
import { connect, refusal } from '../../../services/gateway/src/testing/test-client.ts'

let fixture: GatewayFixture
let gateway: GatewayProcess
beforeAll(async () => {
  fixture = await startGatewayFixture()
  gateway = await fixture.startGateway()
}, 60_000)
afterAll(async () => fixture[Symbol.asyncDispose](), 30_000)

/** What it says, or throws what it complains of. */
const revocations = async (args: readonly string[], input = ''): Promise<string> => {
  const program = join(import.meta.dirname, 'revocations.ts')
  const child = spawn(process.execPath, [program, ...args, '--nats', fixture.server.url])
  child.stdin.end(input)
  const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (complaint !== '') throw new Error(complaint)
  return said
}
const queryOf = (id: number, bearer: string) => `campaignId=${id}&userId=1&token=${bearer}`
const enter = async (id: number, bearer: string) => connect(gateway.port, queryOf(id, bearer))
const statusOf = async (id: number, bearer: string) =>
  (await refusal(gateway.port, `/ws/campaigns?${queryOf(id, bearer)}`)).status

test('a user, an access and a token are taken back from who is inside, listed, and given back', async () => {
  const [id, other] = [await fixture.campaign(), await fixture.campaign()]
  const [bearer, stolen] = [await token(), await token({ mark: 1 })]
  const [inside, thief, elsewhere] = [
    await enter(id, bearer),
    await enter(other, stolen),
    await enter(other, bearer),
  ]
  // The token itself comes by the standard input, and is not told again.
  const [, told] = await Promise.all([
    revocations(['access', String(id), '1']),
    revocations(['token', '-'], `${stolen}\n`),
  ])
  expect(told).not.toContain(stolen)
  expect((await inside.closed).code).toBe(4403)
  expect((await thief.closed).code).toBe(4403)
  expect(await statusOf(id, bearer)).toBe(404)
  expect(elsewhere.socket.readyState).toBe(WebSocket.OPEN)

  await revocations(['user', 'acme', '1'])
  expect((await elsewhere.closed).code).toBe(4403)

  const listed = (await revocations(['list'])).trim().split('\n')
  const found = listed.map((line) => line.split(' ')[1] ?? '')
  expect(found.map((key) => key.split('.')[0]).toSorted()).toEqual(['access', 'token', 'user'])
  await Promise.all(found.map((key) => revocations(['lift', key])))
  const back = await eventually(() => enter(id, stolen), { what: 'the access again' })
  back.socket.close()
}, 120_000)

test('what it cannot do it says', async () => {
  await expect(revocations(['lift', 'user.acme.x'])).rejects.toThrow('user.acme.x is not taken back')
}, 60_000)
